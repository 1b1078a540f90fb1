import { createRoute } from "@hono/zod-openapi";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { productNotFound } from "#kernel/not-found";
import { externalIdTaken } from "#kernel/problems";
import { MAX_ENDPOINTS, newEndpoint } from "./making.ts";
import { tooManyWebhookEndpoints } from "./problems.ts";
import { NewWebhookEndpoint, WebhookEndpointWithSecret } from "./schemas.ts";
import { refuseBadTarget } from "./targets.ts";

export const createWebhookEndpoint = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.create",
    method: "post",
    path: "/v1/webhook_endpoints",
    security: scope("webhook_endpoints:write"),
    summary: "Create a webhook endpoint",
    description:
      "Events that match are sent to the URL, signed as Standard Webhooks says. The secret is shown once. A tenant may have 50 endpoints.",
    request: { body: jsonBody(NewWebhookEndpoint) },
    responses: {
      201: json(WebhookEndpointWithSecret, "The endpoint and its secret"),
      ...problems(tooManyWebhookEndpoints, productNotFound, externalIdTaken),
    },
  }),

  handler: async (c) => {
    const body = c.req.valid("json");
    refuseBadTarget(c.env, "/url", body.url);
    const { row, answer, told } = await newEndpoint(c.var, body, "api");
    const done = await c.var.repo.webhookEndpoints.insert(row, MAX_ENDPOINTS, told).catch(asTaken({}));
    if (!done) throw tooManyWebhookEndpoints({ max: MAX_ENDPOINTS });
    return c.json(answer, 201);
  },
});
