import { and, eq, isNull, sql } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import type { Settings } from "#rules/tenants/settings";
import type { TenantRow } from "./callers.ts";
import { signingKeys, tenants } from "./tables.ts";

/** What a tenant may read and change of itself. */
export function ownTenantOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  return {
    fresh: () => db.select().from(tenants).where(eq(tenants.id, tenantId)).get(),

    changeSettings: ({ version }: TenantRow, settings: Settings, told: Told) =>
      commit(
        asking,
        [
          bound(
            d1,
            db
              .update(tenants)
              .set({ settings, updatedAt: now, version: version + 1 })
              .where(and(eq(tenants.id, tenantId), eq(tenants.version, version))),
          ),
          guard(d1),
        ],
        told,
      ),

    /** The key that signs today: the newest that is not retired. */
    signingKey: () =>
      db
        .select()
        .from(signingKeys)
        .where(and(eq(signingKeys.tenantId, tenantId), isNull(signingKeys.retiredAt)))
        .orderBy(sql`${signingKeys.createdAt} desc`)
        .limit(1)
        .get(),

    signingKeys: () => db.select().from(signingKeys).where(eq(signingKeys.tenantId, tenantId)).limit(50),
  };
}
