import { createRoute } from "@hono/zod-openapi";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { newOwned } from "#kernel/present";
import { externalIdTaken } from "#kernel/problems";
import { presentEndpoint } from "./presenters.ts";
import { tooManyWebhookEndpoints } from "./problems.ts";
import { NewWebhookEndpoint, WebhookEndpointWithSecret } from "./schemas.ts";
import { newKeyPair, newWebhookSecret, secretPlace } from "./secrets.ts";
import { refuseBadTarget } from "./targets.ts";

/** Each event costs a row for every endpoint that subscribes to it, in the batch of the change it tells of. */
const MAX_ENDPOINTS = 50;

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
      ...problems(tooManyWebhookEndpoints, externalIdTaken),
    },
  }),

  handler: async (c) => {
    const { repo, vault, now } = c.var;
    const body = c.req.valid("json");
    refuseBadTarget(c.env, body.url);
    const id = newId("webhook_endpoint", repo.shard, c.var.realNow);
    const secret = newWebhookSecret();
    const row = {
      tenantId: repo.tenantId,
      id,
      url: body.url,
      events: body.events,
      description: body.description ?? null,
      productIds: null,
      origin: "api" as const,
      headers: null,
      headerNames: [],
      fifo: body.fifo ?? false,
      onExhausted: body.on_exhausted ?? "block",
      ratePerS: body.rate_per_s ?? null,
      maxAttempts: body.max_attempts ?? null,
      ...(await newKeyPair(vault, id)),
      previousSigningKey: null,
      secret: await vault.seal(secretPlace(id, "secret"), secret),
      previousSecret: null,
      previousSecretUntil: null,
      disabledAt: null,
      disabledReason: null,
      deletedAt: null,
      ...newOwned(body, now),
    };
    const made = presentEndpoint(row);
    const answer = { ...made, secret };
    const told = { facts: [fact("webhook_endpoint.created", made)], answer: [201, answer] as const };
    const done = await repo.webhookEndpoints.insert(row, MAX_ENDPOINTS, told).catch(asTaken({}));
    if (!done) throw tooManyWebhookEndpoints({ max: MAX_ENDPOINTS });
    return c.json(answer, 201);
  },
});
