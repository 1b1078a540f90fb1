import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentActivation } from "./presenters.ts";
import { Activation, ActivationQuery } from "./schemas.ts";

export const listActivations = endpoint({
  route: createRoute({
    operationId: "activations.list",
    method: "get",
    path: "/v1/activations",
    security: scope("activations:read"),
    summary: "List activations",
    description:
      "Newest first. What was released long ago is in the archive (`settings.licensing.archive_activations_after`), which `archived=true` lists.",
    request: { query: ActivationQuery },
    responses: { 200: json(listOf(Activation), "A page of activations"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { license_id: licenseId, status, external_id: externalId } = query;
    const filter = { licenseId, status, externalId };
    const found = await (query.archived === true
      ? repo.activations.listArchived(page, filter)
      : repo.activations.list(page, filter));
    return c.json(await presentPage(repo.tenantId, query, found, presentActivation), 200);
  },
});
