import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentEndpoint } from "./presenters.ts";
import { WebhookEndpoint, WebhookEndpointQuery } from "./schemas.ts";

export const listWebhookEndpoints = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.list",
    method: "get",
    path: "/v1/webhook_endpoints",
    security: scope("webhook_endpoints:read"),
    summary: "List webhook endpoints",
    description: "Newest first.",
    request: { query: WebhookEndpointQuery },
    responses: { 200: json(listOf(WebhookEndpoint), "A page of endpoints"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const found = await repo.webhookEndpoints.list(page, { externalId: query.external_id });
    return c.json(await presentPage(repo.tenantId, query, found, presentEndpoint), 200);
  },
});
