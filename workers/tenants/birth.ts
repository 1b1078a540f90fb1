import type { TenantRow } from "#db/tenants/callers";
import type { LegalEntityRow } from "#db/billing/legal-entities";
import type { ApiKeyRow, NewTenant } from "#db/tenants/tenants";
import type { Env } from "#kernel/env";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { apiKeyDigest, newApiKey } from "#kernel/keys";
import { newOwned } from "#kernel/present";
import { newSigningKey } from "#kernel/signing";
import { newDataKey, peppers, vaultOf } from "#kernel/vault";
import { SCOPES } from "#rules/scopes";
import { presentApiKey, presentTenant } from "./presenters.ts";

/** A key of a new tenant, with the text that is shown once. */
type BornKey = { row: ApiKeyRow; secret: string };

/** All that a tenant begins with: its row, a data key, a signing key, a secret key with every scope and a publishable one. */
export async function bear(
  env: Env,
  shard: string,
  now: Date,
  about: Omit<TenantRow, "dataKey" | "clockOffsetMs" | "clockFrozenAt" | "closedAt" | "createdAt" | "updatedAt" | "version">,
): Promise<NewTenant & { secrets: { id: string; kind: "secret" | "publishable"; livemode: boolean; secret: string }[] }> {
  const { id, livemode, externalId, metadata } = about;
  const dataKey = await newDataKey(env, id);
  const tenant: TenantRow = {
    ...about,
    dataKey,
    clockOffsetMs: 0,
    clockFrozenAt: null,
    closedAt: null,
    ...newOwned({ external_id: externalId, metadata }, now),
  };
  const { kid, publicJwk, privateKey } = await newSigningKey();
  const sealed = await vaultOf(env, id, dataKey).seal(["signing_keys", kid, "private_key"], privateKey);
  const born = [await bearKey(env, shard, now, tenant, "secret"), await bearKey(env, shard, now, tenant, "publishable")];
  return {
    tenant,
    keys: born.map(({ row }) => row),
    signingKey: {
      tenantId: id,
      kid,
      publicJwk,
      privateKey: sealed,
      productIds: [],
      pendingSince: null,
      retiredAt: null,
      revokedAt: null,
      revokedReason: null,
      createdAt: now,
    },
    legalEntity: newLegalEntity(tenant, newId("legal_entity", shard, now), now),
    facts: [
      fact("tenant.created", presentTenant(tenant)),
      ...born.map(({ row }) => fact("api_key.created", presentApiKey(row, livemode))),
    ],
    secrets: born.map(({ row, secret }) => ({ id: row.id, kind: row.kind, livemode, secret })),
  };
}

/** Who sells, as far as it is known when a tenant begins: by its name. Where it is, and its VAT id, are told later; until then nothing is taxed. */
function newLegalEntity({ id, name, timeZone }: TenantRow, legalEntityId: string, now: Date): LegalEntityRow {
  return {
    tenantId: id,
    id: legalEntityId,
    name,
    address: null,
    country: null,
    vatId: null,
    registration: null,
    email: null,
    iban: null,
    bic: null,
    bankName: null,
    timeZone,
    vatScheme: "standard",
    consumersAt: "destination",
    whenVatIdUnknown: "charge",
    invoicePrefix: "INV-{YYYY}-",
    creditNotePrefix: "CN-{YYYY}-",
    numberWidth: 6,
    footer: null,
    isDefault: true,
    archivedAt: null,
    ...newOwned({}, now),
  };
}

async function bearKey(
  env: Env,
  shard: string,
  now: Date,
  { id, livemode }: TenantRow,
  kind: "secret" | "publishable",
): Promise<BornKey> {
  const key = newApiKey(`${kind === "secret" ? "sk" : "pk"}_${livemode ? "live" : "test"}`, shard);
  const row: ApiKeyRow = {
    tenantId: id,
    id: newId("api_key", shard, now),
    digest: await apiKeyDigest(peppers(env), key.text),
    kind,
    name: kind === "secret" ? "First secret key" : "First publishable key",
    last4: key.last4,
    scopes: kind === "secret" ? [...SCOPES] : [],
    productIds: [],
    allowedOrigins: [],
    ipAllowlist: [],
    makerId: null,
    expiresAt: null,
    lastUsedAt: null,
    revokedAt: null,
    ...newOwned({}, now),
  };
  return { row, secret: key.text };
}
