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
    description: "Newest first.",
    request: { query: ActivationQuery },
    responses: { 200: json(listOf(Activation), "A page of activations"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { license_id: licenseId, status, external_id: externalId } = query;
    const found = await repo.activations.list(page, { licenseId, status, externalId });
    return c.json(await presentPage(repo.tenantId, query, found, presentActivation), 200);
  },
});
