import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { presentEndpoint } from "./presenters.ts";
import { webhookEndpointNotFound } from "./problems.ts";
import { WebhookEndpoint } from "./schemas.ts";

export const disableWebhookEndpoint = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.disable",
    method: "post",
    path: "/v1/webhook_endpoints/{id}/disable",
    security: scope("webhook_endpoints:write"),
    summary: "Disable a webhook endpoint",
    description:
      "Nothing more is sent to it, and what it was to get waits for up to thirty days: POST /v1/webhook_endpoints/{id}/enable sends it. What is being sent at this moment may still arrive. Disabling one that is disabled changes nothing.",
    request: { params: idParam("whe") },
    responses: { 200: json(WebhookEndpoint, "The endpoint, disabled"), ...problems(webhookEndpointNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const disabled = await changing(async () => {
      const before = await repo.webhookEndpoints.byId(id);
      if (!before) throw webhookEndpointNotFound({});
      if (before.disabledAt !== null) return presentEndpoint(before);
      const row = { ...before, disabledAt: now, disabledReason: "paused" as const, updatedAt: now };
      const after = presentEndpoint(row);
      const told = {
        facts: [changeFact("webhook_endpoint.disabled", presentEndpoint(before), after)],
        answer: [200, after] as const,
      };
      return (await repo.webhookEndpoints.update(row, told)) && after;
    });
    return c.json(disabled, 200);
  },
});
