import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { productNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { enabledEndpoint } from "./enabling.ts";
import { MAX_ENDPOINTS, newEndpoint } from "./making.ts";
import { presentEndpoint } from "./presenters.ts";
import { tooManyWebhookEndpoints } from "./problems.ts";
import { RestHook, WebhookEndpoint, WebhookEndpointWithSecret } from "./schemas.ts";
import { refuseBadTarget } from "./targets.ts";

export const subscribeRestHook = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.subscribe",
    method: "post",
    path: "/v1/webhook_endpoints/subscribe",
    security: scope("webhook_endpoints:write"),
    summary: "Subscribe a REST hook",
    description:
      "For automation tools: makes an endpoint that hears of one type of event, or of those of a pattern. Who asks for the same again gets the same endpoint, enabled if it was disabled. DELETE /v1/webhook_endpoints/{id} ends it, and so does a 410 of the target. It counts among the tenant's 50 endpoints.",
    request: { body: jsonBody(RestHook) },
    responses: {
      201: json(WebhookEndpointWithSecret, "The endpoint and its secret"),
      200: json(WebhookEndpoint, "This subscription exists already"),
      ...problems(tooManyWebhookEndpoints, productNotFound, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { target_url: url, event, product_id: product } = c.req.valid("json");
    refuseBadTarget(c.env, "/target_url", url);
    const asked = { url, events: [event], product_ids: product == null ? null : [product] };
    const { row, answer, told } = await newEndpoint(c.var, asked, "rest_hook");
    // write first, ask second: of two that subscribe at once one makes the endpoint, and the other finds it
    if (await repo.webhookEndpoints.insert(row, MAX_ENDPOINTS, told)) return c.json(answer, 201);
    return changing(async () => {
      const same = await repo.webhookEndpoints.sameHook(row);
      if (!same) throw tooManyWebhookEndpoints({ max: MAX_ENDPOINTS });
      const shown = same.disabledAt === null ? presentEndpoint(same) : await enabledEndpoint(c.var, same);
      return shown && c.json(shown, 200);
    });
  },
});
