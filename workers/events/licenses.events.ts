import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, listOf, problems, scope } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { invalidCursor } from "#kernel/problems";
import { newestEvents } from "./newest.ts";
import { Event, LicenseEventQuery } from "./schemas.ts";

export const listLicenseEvents = endpoint({
  route: createRoute({
    operationId: "licenses.events",
    method: "get",
    path: "/v1/licenses/{id}/events",
    security: scope("events:read"),
    summary: "List what happened to a license",
    description:
      "The license's log, newest first: what happened to it and to what belongs to it, such as its activations, license files and transfers. Each event says who did it, the object as it was right after (`data.object`) and what of it was different before (`data.previous`).",
    request: { params: idParam("lic"), query: LicenseEventQuery },
    responses: { 200: json(listOf(Event), "A page of events"), ...problems(licenseNotFound, invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { id } = c.req.valid("param");
    if (!(await repo.licenses.byId(id))) throw licenseNotFound({});
    const { limit, cursor, ...filters } = c.req.valid("query");
    const { type, actor_type: actorType, actor_id: actorId, from, to } = filters;
    // a cursor of one license's events does not fit another's
    const query = { limit, cursor, ...filters, license_id: id };
    const wanted = { type, actorType, actorId, from, to };
    return c.json(await newestEvents(repo.tenantId, query, (span) => repo.events.ofLicense(id, span, wanted)), 200);
  },
});
