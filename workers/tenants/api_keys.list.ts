import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentApiKey } from "./presenters.ts";
import { ApiKey, ApiKeyQuery } from "./schemas.ts";

export const listApiKeys = endpoint({
  route: createRoute({
    operationId: "api_keys.list",
    method: "get",
    path: "/v1/api_keys",
    security: scope("api_keys:read"),
    summary: "List API keys",
    description: "Newest first, revoked ones too; never with the keys themselves.",
    request: { query: ApiKeyQuery },
    responses: { 200: json(listOf(ApiKey), "A page of API keys"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const found = await repo.apiKeys.list(page, { kind: query.kind, externalId: query.external_id, revoked: query.revoked });
    return c.json(await presentPage(repo.tenantId, query, found, (row) => presentApiKey(row, repo.tenant.livemode)), 200);
  },
});
