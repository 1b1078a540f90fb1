import { and, eq, inArray, isNull, sql } from "drizzle-orm";
import { dbOf } from "../db.ts";
import { NEWEST_POSITION } from "../events/tail.ts";
import { readKey, SIGNING_KEYS, type SigningKey, type SigningKeyColumns } from "../licensing/asked.ts";
import { asTenantId, type TenantId } from "../tenant-id.ts";
import { apiKeys, operatorKeys, tenants } from "./tables.ts";

export type TenantRow = typeof tenants.$inferSelect;

/** Who calls: the key and its tenant, what signs for that, and the place of the shard's newest event, all read at one moment. */
export type KnownCaller = {
  key: typeof apiKeys.$inferSelect;
  tenant: TenantRow;
  tenantId: TenantId;
  signingKeys: readonly SigningKey[];
  position: number;
};

/** Finds who calls by the digests of an API key, in one read. The door through which every tenant's request comes. */
export async function callerByKeyDigests(d1: D1Database, digests: string[]): Promise<KnownCaller | undefined> {
  const signing = sql.raw(`(select json_group_array(json(k)) from (${SIGNING_KEYS}))`);
  const row = await dbOf(d1)
    .select({
      key: apiKeys,
      tenant: tenants,
      signing: sql<string>`${signing}`,
      position: sql<number>`${sql.raw(NEWEST_POSITION)}`,
    })
    .from(apiKeys)
    .innerJoin(tenants, eq(tenants.id, apiKeys.tenantId))
    .where(inArray(apiKeys.digest, digests))
    .get();
  if (!row) return undefined;
  const signingKeys = (JSON.parse(row.signing) as SigningKeyColumns[]).map(readKey);
  return { key: row.key, tenant: row.tenant, tenantId: asTenantId(row.tenant.id), signingKeys, position: row.position };
}

/** What `callerByKeyDigests` read, for a while in a cache as text. */
export function knownCallerText({ key, tenant, signingKeys, position }: KnownCaller): string {
  return JSON.stringify({ key, tenant, signingKeys, position });
}

/** The same out of its text. Only what `knownCallerText` wrote may be handed in: the tenant id in it was proved by that read. */
export function knownCallerFrom(text: string): KnownCaller {
  const instants = (name: string, value: unknown) => (typeof value === "string" && name.endsWith("At") ? new Date(value) : value);
  const { key, tenant, signingKeys, position } = JSON.parse(text, instants) as Omit<KnownCaller, "tenantId">;
  return { key, tenant, tenantId: asTenantId(tenant.id), signingKeys, position };
}

/** Notes that a key was used; called at most once in five minutes a key. */
export async function recordKeyUse(d1: D1Database, tenantId: string, keyId: string, at: Date): Promise<void> {
  await dbOf(d1)
    .update(apiKeys)
    .set({ lastUsedAt: at })
    .where(and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, keyId)));
}

/** The operator key of these digests, unless it was revoked. */
export async function operatorByKeyDigests(d1: D1Database, digests: string[]) {
  return dbOf(d1)
    .select()
    .from(operatorKeys)
    .where(and(inArray(operatorKeys.digest, digests), isNull(operatorKeys.revokedAt)))
    .get();
}

/** A tenant by id, for callers that proved themselves otherwise: signed internal calls and signed provider events. */
export async function tenantById(d1: D1Database, id: string) {
  const tenant = await dbOf(d1).select().from(tenants).where(eq(tenants.id, id)).get();
  return tenant && { tenant, tenantId: asTenantId(tenant.id) };
}
