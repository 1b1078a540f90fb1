import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentEndpoint } from "./presenters.ts";
import { webhookEndpointNotFound } from "./problems.ts";
import { WebhookEndpoint } from "./schemas.ts";

export const getWebhookEndpoint = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.get",
    method: "get",
    path: "/v1/webhook_endpoints/{id}",
    security: scope("webhook_endpoints:read"),
    summary: "Get a webhook endpoint",
    request: { params: idParam("whe") },
    responses: { 200: json(WebhookEndpoint, "The endpoint"), ...problems(webhookEndpointNotFound) },
  }),

  handler: async (c) => {
    const found = await c.var.repo.webhookEndpoints.byId(c.req.valid("param").id);
    if (!found) throw webhookEndpointNotFound({});
    return c.json(presentEndpoint(found), 200);
  },
});
