import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, optionalJsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { presentEndpoint } from "./presenters.ts";
import { webhookEndpointDisabled, webhookEndpointNotFound } from "./problems.ts";
import { WebhookTest, WebhookTestRequest } from "./schemas.ts";

export const testWebhookEndpoint = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.test",
    method: "post",
    path: "/v1/webhook_endpoints/{id}/test",
    security: scope("webhook_endpoints:write"),
    summary: "Send a test event to an endpoint",
    description:
      'Sends `webhook_endpoint.tested`, whatever the endpoint subscribes to; or an example of another type, marked by `"test": true`, of which nothing has happened: the log of events says `webhook_endpoint.tested`. How it went stands in GET /v1/webhook_endpoints/{id}/deliveries?event_id=….',
    request: { params: idParam("whe"), body: optionalJsonBody(WebhookTestRequest) },
    responses: {
      202: json(WebhookTest, "The test is on its way"),
      ...problems(webhookEndpointNotFound, webhookEndpointDisabled),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { type = "webhook_endpoint.tested" } = c.req.valid("json");
    const found = await repo.webhookEndpoints.byId(c.req.valid("param").id);
    if (!found) throw webhookEndpointNotFound({});
    const eventId = newId("event", repo.shard, c.var.realNow);
    const test = {
      object: "webhook_test" as const,
      id: eventId,
      endpoint_id: found.id,
      event_type: type,
      created_at: now.toISOString(),
    };
    const tested = { ...fact("webhook_endpoint.tested", presentEndpoint(found)), apart: found.id };
    const told = { facts: [tested], answer: [202, test] as const };
    if (!(await repo.webhookEndpoints.test(found, { eventId, type }, told))) throw webhookEndpointDisabled({});
    return c.json(test, 202);
  },
});
