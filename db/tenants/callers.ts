import { and, eq, inArray, isNull } from "drizzle-orm";
import { dbOf } from "../db.ts";
import { asTenantId } from "../tenant-id.ts";
import { apiKeys, operatorKeys, tenants } from "./tables.ts";

/** Finds who calls by the digests of an API key: the key and its tenant in one read. The door through which every tenant's request comes. */
export async function callerByKeyDigests(d1: D1Database, digests: string[]) {
  const row = await dbOf(d1)
    .select({ key: apiKeys, tenant: tenants })
    .from(apiKeys)
    .innerJoin(tenants, eq(tenants.id, apiKeys.tenantId))
    .where(inArray(apiKeys.digest, digests))
    .get();
  return row && { ...row, tenantId: asTenantId(row.tenant.id) };
}

export type KnownCaller = NonNullable<Awaited<ReturnType<typeof callerByKeyDigests>>>;
export type TenantRow = typeof tenants.$inferSelect;

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
