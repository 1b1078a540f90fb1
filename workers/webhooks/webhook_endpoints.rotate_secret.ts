import { createRoute } from "@hono/zod-openapi";
import type { WebhookEndpointRow } from "#db/webhooks/endpoints";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, optionalJsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import type { Vault } from "#kernel/vault";
import { presentEndpoint } from "./presenters.ts";
import { webhookEndpointNotFound } from "./problems.ts";
import { OVERLAP_MAX_S, SecretRotation, WebhookEndpointWithSecret } from "./schemas.ts";
import { newKeyPair, newWebhookSecret, secretPlace } from "./secrets.ts";

export const rotateWebhookSecret = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.rotate_secret",
    method: "post",
    path: "/v1/webhook_endpoints/{id}/rotate_secret",
    security: scope("webhook_endpoints:write"),
    summary: "Replace an endpoint's secret",
    description:
      "Deliveries are signed with the new secret and key pair at once, and with the old ones too until the overlap is over (a day, when nothing is said). The secret is shown once.",
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
      const row = {
        ...before,
        ...(await newKeyPair(vault, id)),
        secret: await vault.seal(secretPlace(id, "secret"), secret),
        ...(overlap_s === 0
          ? NO_PREDECESSOR
          : await asPredecessor(vault, before, new Date(realNow.getTime() + overlap_s * 1000))),
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

const NO_PREDECESSOR = { previousSecret: null, previousSigningKey: null, previousSecretUntil: null };

/** What signs now as what signs beside its successor. What is sealed for one column does not open in another, so it is sealed anew. */
async function asPredecessor(vault: Vault, { id, secret, signingKey }: WebhookEndpointRow, until: Date) {
  const moved = async (column: "secret" | "signing_key", sealed: string) =>
    vault.seal(secretPlace(id, `previous_${column}`), await vault.unseal(secretPlace(id, column), sealed));
  return {
    previousSecret: await moved("secret", secret),
    previousSigningKey: signingKey === null ? null : await moved("signing_key", signingKey),
    previousSecretUntil: until,
  };
}
