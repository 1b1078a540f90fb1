import { createRoute } from "@hono/zod-openapi";
import type { ApiKeyRow } from "#db/tenants/tenants";
import { asTaken } from "#kernel/changing";
import type { Caller } from "#kernel/auth";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { apiKeyDigest, newApiKey } from "#kernel/keys";
import { productNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { externalIdTaken, invalidRequest } from "#kernel/problems";
import { peppers } from "#kernel/vault";
import type { z } from "#kernel/wire";
import { beyondMaker, DEFAULT_SCOPES } from "#rules/scopes";
import { presentApiKey } from "./presenters.ts";
import { beyondMakersRights, makerRevoked } from "./problems.ts";
import { ApiKeyWithSecret, NewApiKey } from "./schemas.ts";

export const createApiKey = endpoint({
  route: createRoute({
    operationId: "api_keys.create",
    method: "post",
    path: "/v1/api_keys",
    security: scope("api_keys:write"),
    summary: "Create an API key",
    description:
      "A secret key holds scopes; a publishable key may be embedded in apps and calls only what programs need. The new key inherits its maker's expiry and address list, and ends with it.",
    request: { body: jsonBody(NewApiKey) },
    responses: {
      201: json(ApiKeyWithSecret, "The key, shown this once"),
      ...problems(beyondMakersRights, makerRevoked, productNotFound, externalIdTaken),
    },
  }),

  handler: async (c) => {
    const { repo, caller, now, realNow } = c.var;
    const body = c.req.valid("json");
    mustFitItsKind(body);
    const products = await Promise.all((body.product_ids ?? []).map((name) => repo.products.byIdOrCode(name)));
    if (products.includes(undefined)) throw productNotFound({});
    const { livemode } = repo.tenant;
    const { text, last4 } = newApiKey(`${body.kind === "secret" ? "sk" : "pk"}_${livemode ? "live" : "test"}`, repo.shard);
    const row: ApiKeyRow = {
      tenantId: repo.tenantId,
      id: newId("api_key", repo.shard, realNow),
      digest: await apiKeyDigest(peppers(c.env), text),
      kind: body.kind,
      name: body.name,
      last4,
      scopes: body.kind === "secret" ? scopesFrom(body.scopes, caller) : [],
      productIds: products.flatMap((product) => product?.id ?? []),
      allowedOrigins: body.allowed_origins ?? [],
      ...boundsFrom(body, caller),
      makerId: caller.keyId,
      lastUsedAt: null,
      revokedAt: null,
      ...newOwned(body, now),
    };
    const key = presentApiKey(row, livemode);
    const answer = { ...key, secret: text };
    const done = await repo.apiKeys
      .insert(row, { facts: [fact("api_key.created", key)], answer: [201, answer] })
      .catch(asTaken({}));
    if (!done) throw makerRevoked({});
    return c.json(answer, 201);
  },
});

type Wanted = z.infer<typeof NewApiKey>;

function mustFitItsKind({ kind, scopes, product_ids: products }: Wanted): void {
  const field = kind === "secret" ? products && "product_ids" : scopes && "scopes";
  if (!field) return;
  const detail =
    kind === "secret"
      ? "Only publishable keys are bound to products."
      : "Publishable keys hold no scopes: what they may call is fixed.";
  throw invalidRequest({ what: detail }, { errors: [{ pointer: `/${field}`, code: "not_for_this_kind", detail }] });
}

function scopesFrom(wanted: Wanted["scopes"], { scopes }: Caller) {
  if (!wanted) return DEFAULT_SCOPES.filter((name) => scopes.includes(name));
  const beyond = beyondMaker(wanted, scopes);
  if (beyond.length > 0) throw beyondMakersRights({ what: beyond.join(", ") });
  return [...new Set(wanted)];
}

/** Expiry and address list: the maker's, unless a narrower one is asked for. */
function boundsFrom({ expires_at: wanted, ip_allowlist: ranges }: Wanted, { expiresAt, ipAllowlist }: Caller) {
  if (wanted && expiresAt && wanted > expiresAt) throw beyondMakersRights({ what: `a life beyond ${expiresAt.toISOString()}` });
  if (ranges && ipAllowlist.length > 0 && ranges.some((range) => !ipAllowlist.includes(range))) {
    throw beyondMakersRights({ what: "addresses outside its own ip_allowlist" });
  }
  return { expiresAt: wanted ?? expiresAt, ipAllowlist: [...(ranges ?? ipAllowlist)] };
}
