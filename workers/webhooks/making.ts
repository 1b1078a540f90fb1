import type { WebhookEndpointRow } from "#db/webhooks/endpoints";
import { newId } from "#kernel/ids";
import { fact } from "#kernel/facts";
import { productNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import type { TenantEnv } from "#kernel/endpoint";
import type { z } from "#kernel/wire";
import type { EndpointOrigin } from "#rules/webhooks/states";
import { presentEndpoint } from "./presenters.ts";
import type { NewWebhookEndpoint } from "./schemas.ts";
import { newKeyPair, newWebhookSecret, sealedHeaders, secretPlace } from "./secrets.ts";

/** Each event costs a row for every endpoint that subscribes to it, in the batch of the change it tells of. */
export const MAX_ENDPOINTS = 50;

type Vars = Pick<TenantEnv["Variables"], "repo" | "vault" | "now" | "realNow">;

/** A new endpoint with its secrets, and what its maker is shown of it once. */
export async function newEndpoint(
  { repo, vault, now, realNow }: Vars,
  body: z.infer<typeof NewWebhookEndpoint>,
  origin: EndpointOrigin,
) {
  const id = newId("webhook_endpoint", repo.shard, realNow);
  const secret = newWebhookSecret();
  const row: WebhookEndpointRow = {
    tenantId: repo.tenantId,
    id,
    url: body.url,
    events: body.events,
    productIds: await productIdsFrom(repo, body.product_ids ?? null),
    description: body.description ?? null,
    origin,
    ...(await sealedHeaders(vault, id, body.headers ?? null)),
    fifo: body.fifo ?? false,
    onExhausted: body.on_exhausted ?? "block",
    ratePerS: body.rate_per_s ?? null,
    maxAttempts: body.max_attempts ?? null,
    secret: await vault.seal(secretPlace(id, "secret"), secret),
    previousSecret: null,
    previousSecretUntil: null,
    ...(await newKeyPair(vault, id)),
    previousSigningKey: null,
    disabledAt: null,
    disabledReason: null,
    deletedAt: null,
    ...newOwned(body, now),
  };
  const made = presentEndpoint(row);
  const answer = { ...made, secret };
  return { row, answer, told: { facts: [fact("webhook_endpoint.created", made)], answer: [201, answer] as const } };
}

/** The ids of the products that an endpoint is to hear of. Throws `product_not_found` where one is unknown. */
export async function productIdsFrom(repo: Vars["repo"], names: readonly string[] | null): Promise<string[] | null> {
  if (names === null) return null;
  const ids = (await repo.products.idsOf(names)).map((id) => {
    if (id === undefined) throw productNotFound({});
    return id;
  });
  return [...new Set(ids)];
}
