import { createRoute } from "@hono/zod-openapi";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { productNotFound } from "#kernel/not-found";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { productIdsFrom } from "./making.ts";
import { presentEndpoint } from "./presenters.ts";
import { webhookEndpointNotFound } from "./problems.ts";
import { WebhookEndpoint, WebhookEndpointPatch } from "./schemas.ts";
import { sealedHeaders } from "./secrets.ts";
import { refuseBadTarget } from "./targets.ts";

export const updateWebhookEndpoint = endpoint({
  route: createRoute({
    operationId: "webhook_endpoints.update",
    method: "patch",
    path: "/v1/webhook_endpoints/{id}",
    security: scope("webhook_endpoints:write"),
    summary: "Change a webhook endpoint",
    description:
      "Fields that are left out stay as they are. Deliveries that wait go to the new URL; new patterns count for events from now on.",
    request: { params: idParam("whe"), body: jsonBody(WebhookEndpointPatch) },
    responses: {
      200: json(WebhookEndpoint, "The endpoint as it is now"),
      ...problems(webhookEndpointNotFound, productNotFound, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, vault, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");

    const productIds = body.product_ids && (await productIdsFrom(repo, body.product_ids));
    const headers = body.headers === undefined ? {} : await sealedHeaders(vault, id, body.headers);

    const changed = await changing(async () => {
      const before = await repo.webhookEndpoints.byId(id);
      if (!before) throw webhookEndpointNotFound({});
      if (body.url !== undefined) refuseBadTarget(c.env, "/url", body.url);
      const row = {
        ...before,
        url: body.url ?? before.url,
        events: body.events ?? before.events,
        productIds: productIds === undefined ? before.productIds : productIds,
        ...headers,
        description: body.description === undefined ? before.description : body.description,
        fifo: body.fifo ?? before.fifo,
        onExhausted: body.on_exhausted ?? before.onExhausted,
        ratePerS: body.rate_per_s === undefined ? before.ratePerS : body.rate_per_s,
        maxAttempts: body.max_attempts === undefined ? before.maxAttempts : body.max_attempts,
        ...changedOwned(before, body, now),
      };
      const after = presentEndpoint(row);
      const told = {
        facts: [changeFact("webhook_endpoint.updated", presentEndpoint(before), after)],
        answer: [200, after] as const,
      };
      return (await repo.webhookEndpoints.update(row, told)) && after;
    }).catch(asTaken({}));
    return c.json(changed, 200);
  },
});
