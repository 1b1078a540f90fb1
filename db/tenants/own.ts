import { and, desc, eq, isNull } from "drizzle-orm";
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

    /** The keys that what was signed is still accepted of. */
    verificationKeys: () =>
      db
        .select({ kid: signingKeys.kid, publicJwk: signingKeys.publicJwk })
        .from(signingKeys)
        .where(and(eq(signingKeys.tenantId, tenantId), isNull(signingKeys.revokedAt)))
        .orderBy(desc(signingKeys.createdAt), signingKeys.kid),
  };
}
