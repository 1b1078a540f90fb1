import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { enabledEndpoint } from "./enabling.ts";
import { presentEndpoint } from "./presenters.ts";
import { webhookEndpointNotFound } from "./problems.ts";
import { WebhookEndpoint } from "./schemas.ts";

export const enableWebhookEndpoint = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.enable",
    method: "post",
    path: "/v1/webhook_endpoints/{id}/enable",
    security: scope("webhook_endpoints:write"),
    summary: "Enable a webhook endpoint",
    description:
      "An endpoint that answered 410, to which nothing arrived for `settings.webhooks.disable_after_days`, or that somebody disabled, is sent to again: what waited goes out in its order, at most `settings.webhooks.catch_up_per_s` a second (or the endpoint's own rate) until it has all of it, and what used up its attempts meanwhile is tried again. Enabling one that is enabled changes nothing.",
    request: { params: idParam("whe") },
    responses: { 200: json(WebhookEndpoint, "The endpoint, enabled"), ...problems(webhookEndpointNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { id } = c.req.valid("param");
    const enabled = await changing(async () => {
      const before = await repo.webhookEndpoints.byId(id);
      if (!before) throw webhookEndpointNotFound({});
      return before.disabledAt === null ? presentEndpoint(before) : enabledEndpoint(c.var, before);
    });
    return c.json(enabled, 200);
  },
});
