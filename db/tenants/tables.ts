import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { flag, instant, json, owned } from "../columns.ts";
import type { LimitOverrides } from "#rules/limits/numbers";
import type { Scope } from "#rules/scopes";
import type { Settings } from "#rules/tenants/settings";
import type { Tier } from "#rules/tenants/tiers";

/** A vendor that sells through us, or its sandbox: a twin tenant of its own. The boundary of all data. */
export const tenants = sqliteTable(
  "tenants",
  {
    id: text().primaryKey(),
    slug: text().notNull(),
    livemode: flag().notNull(),
    twinId: text().notNull(), // the sandbox of a live tenant, the live tenant of a sandbox
    name: text().notNull(),
    tier: text().$type<Tier>().notNull(),
    ownerEmail: text().notNull(),
    ownerName: text(),
    timeZone: text().notNull(),
    locale: text().notNull(),
    currency: text().notNull(),
    settings: json<Settings>().notNull(),
    limits: json<LimitOverrides>(), // what the operator gave it instead of its tier's numbers; null: nothing
    clockOffsetMs: integer().notNull(), // business time minus real time; moved only in a sandbox
    clockFrozenAt: instant(), // business time itself while a sandbox's test clock holds it; null: it runs
    dataKey: text().notNull(), // the tenant's own AES key, sealed under the platform's
    closedAt: instant(),
    ...owned(),
  },
  (t) => [
    uniqueIndex("tenants_slug").on(t.slug, t.livemode),
    index("tenants_listed").on(t.livemode, t.id),
    uniqueIndex("tenants_external").on(t.livemode, t.externalId),
  ],
);

/** A secret or publishable key of a tenant. The key itself is never stored: only its digest under a pepper. */
export const apiKeys = sqliteTable(
  "api_keys",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    digest: text().notNull(),
    kind: text().$type<"secret" | "publishable">().notNull(),
    name: text().notNull(),
    last4: text().notNull(),
    scopes: json<Scope[]>().notNull(),
    productIds: json<string[]>().notNull(), // empty: every product
    allowedOrigins: json<string[]>().notNull(), // empty: any origin
    ipAllowlist: json<string[]>().notNull(), // empty: any address
    makerId: text(), // the key that made this one; it ends with its maker
    expiresAt: instant(),
    lastUsedAt: instant(),
    revokedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex("api_keys_digest").on(t.digest),
    index("api_keys_maker").on(t.tenantId, t.makerId),
    uniqueIndex("api_keys_external").on(t.tenantId, t.externalId),
  ],
);

/** A key of those who run the platform: it manages tenants and opens no tenant's data. */
export const operatorKeys = sqliteTable(
  "operator_keys",
  {
    id: text().primaryKey(),
    digest: text().notNull(),
    name: text().notNull(),
    last4: text().notNull(),
    createdAt: instant().notNull(),
    revokedAt: instant(),
  },
  (t) => [uniqueIndex("operator_keys_digest").on(t.digest)],
);

/** One intent of a caller and its answer. `owner` is the tenant, or `operator`. */
export const idempotencyKeys = sqliteTable(
  "idempotency_keys",
  {
    owner: text().notNull(),
    keyHash: text().notNull(), // of the caller and its Idempotency-Key, so that neither can be read back
    requestHash: text().notNull(), // of method, path and body
    subjectId: text(), // the object whose making is under way, for the retry that resumes it
    leaseUntil: instant(), // while an answer is being made; null once it is there
    status: integer(),
    answer: text(), // sealed with a key derived from the caller's own Idempotency-Key
    createdAt: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.owner, t.keyHash] }), index("idempotency_keys_age").on(t.createdAt)],
);

/** A key pair that signs what a tenant's programs verify (decision tokens). */
export const signingKeys = sqliteTable(
  "signing_keys",
  {
    tenantId: text().notNull(),
    kid: text().notNull(), // RFC 7638 thumbprint
    publicJwk: json<{ kty: "OKP"; crv: "Ed25519"; x: string }>().notNull(),
    privateKey: text().notNull(), // PKCS #8, sealed
    productIds: json<string[]>().notNull().default([]), // what it may sign for; empty = every product
    pendingSince: instant(), // waits for a keyset of the tenant's own root that names it: it signs no file until that one is published
    retiredAt: instant(), // signs no more; what it signed before is still accepted
    revokedAt: instant(), // nothing that it ever signed is accepted
    revokedReason: text(),
    createdAt: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.kid] })],
);

/** How a tenant reaches its payment provider. Secrets are sealed, write-only, and never leave the edge. */
export const paymentProviders = sqliteTable(
  "payment_providers",
  {
    tenantId: text().notNull(),
    provider: text().$type<"stripe" | "paypal">().notNull(),
    id: text().notNull(),
    clientId: text(), // of PayPal; not a secret
    secretKey: text().notNull(), // sealed; of PayPal the client's secret
    secretKeyLast4: text().notNull(),
    webhookSecret: text().notNull(), // sealed: what its webhooks are verified by; of PayPal the id of the webhook, which its signatures are over
    webhookSecretLast4: text().notNull(),
    accountId: text(), // as the provider told, so that another account's events are refused
    apiBase: text(), // a simulator; development only
    createdAt: instant().notNull(),
    updatedAt: instant().notNull(),
    version: integer().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.provider] })],
);
