import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentEndpointWithSending } from "./presenters.ts";
import { webhookEndpointNotFound } from "./problems.ts";
import { WebhookEndpointWithSending } from "./schemas.ts";

export const getWebhookEndpoint = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.get",
    method: "get",
    path: "/v1/webhook_endpoints/{id}",
    security: scope("webhook_endpoints:read"),
    summary: "Get a webhook endpoint",
    request: { params: idParam("whe") },
    responses: { 200: json(WebhookEndpointWithSending, "The endpoint"), ...problems(webhookEndpointNotFound) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { id } = c.req.valid("param");
    const [found, queue] = await Promise.all([repo.webhookEndpoints.byId(id), repo.webhookQueues.byId(id)]);
    if (!found) throw webhookEndpointNotFound({});
    const failingSeq = queue?.recoveringSince ? await repo.events.newestSeq(id, "webhook_endpoint.failing") : undefined;
    return c.json(presentEndpointWithSending(found, queue, failingSeq), 200);
  },
});
