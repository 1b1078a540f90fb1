import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, listOf, listQuery, problems, scope } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { invalidCursor } from "#kernel/problems";
import { newestEvents } from "./newest.ts";
import { Event } from "./schemas.ts";

export const listLicenseEvents = endpoint({
  route: createRoute({
    operationId: "licenses.events",
    method: "get",
    path: "/v1/licenses/{id}/events",
    security: scope("events:read"),
    summary: "List what happened to a license",
    description: "Newest first. Events of its activations have the activation as their subject, and are not among these.",
    request: { params: idParam("lic"), query: listQuery({}) },
    responses: { 200: json(listOf(Event), "A page of events"), ...problems(licenseNotFound, invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { id } = c.req.valid("param");
    if (!(await repo.licenses.byId(id))) throw licenseNotFound({});
    // a cursor of one license's events does not fit another's
    const query = { ...c.req.valid("query"), subject_id: id };
    return c.json(await newestEvents(repo, query, { subjectId: id }), 200);
  },
});
