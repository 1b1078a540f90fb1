import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, optionalJsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { presentEndpoint } from "./presenters.ts";
import { webhookEndpointNotFound } from "./problems.ts";
import { OVERLAP_MAX_S, SecretRotation, WebhookEndpointWithSecret } from "./schemas.ts";
import { newWebhookSecret, secretPlace } from "./secrets.ts";

export const rotateWebhookSecret = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.rotate_secret",
    method: "post",
    path: "/v1/webhook_endpoints/{id}/rotate_secret",
    security: scope("webhook_endpoints:write"),
    summary: "Replace an endpoint's secret",
    description:
      "Deliveries are signed with the new secret at once, and with the old one too until the overlap is over (a day, when nothing is said). Shown once.",
    request: { params: idParam("whe"), body: optionalJsonBody(SecretRotation) },
    responses: {
      200: json(WebhookEndpointWithSecret, "The endpoint and its new secret"),
      ...problems(webhookEndpointNotFound, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, vault, now, realNow } = c.var;
    const { id } = c.req.valid("param");
    const { overlap_s = OVERLAP_MAX_S } = c.req.valid("json");
    const secret = newWebhookSecret();

    const answer = await changing(async () => {
      const before = await repo.webhookEndpoints.byId(id);
      if (!before) throw webhookEndpointNotFound({});
      const old = await vault.unseal(secretPlace(id, "secret"), before.secret);
      const row = {
        ...before,
        secret: await vault.seal(secretPlace(id, "secret"), secret),
        // what is sealed for one column does not open in another, so it is sealed anew
        previousSecret: overlap_s === 0 ? null : await vault.seal(secretPlace(id, "previous_secret"), old),
        previousSecretUntil: overlap_s === 0 ? null : new Date(realNow.getTime() + overlap_s * 1000),
        updatedAt: now,
      };
      const after = presentEndpoint(row);
      const shown = { ...after, secret };
      const told = {
        facts: [changeFact("webhook_endpoint.updated", presentEndpoint(before), after)],
        answer: [200, shown] as const,
      };
      return (await repo.webhookEndpoints.update(row, told)) && shown;
    });
    return c.json(answer, 200);
  },
});
