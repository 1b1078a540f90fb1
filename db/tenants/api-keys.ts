import { and, desc, eq, isNotNull, isNull, sql } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { apiKeys } from "./tables.ts";
import type { ApiKeyRow } from "./tenants.ts";

export function apiKeysOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(apiKeys.tenantId, tenantId), eq(apiKeys.id, id));

  return {
    byId: (id: string) => db.select().from(apiKeys).where(mine(id)).get(),

    list: async (
      page: Page,
      filter: { kind?: "secret" | "publishable" | undefined; externalId?: string | undefined; revoked?: boolean | undefined },
    ) =>
      pageOf(
        await db
          .select()
          .from(apiKeys)
          .where(
            and(
              eq(apiKeys.tenantId, tenantId),
              filter.kind === undefined ? undefined : eq(apiKeys.kind, filter.kind),
              filter.externalId === undefined ? undefined : eq(apiKeys.externalId, filter.externalId),
              filter.revoked === undefined
                ? undefined
                : filter.revoked
                  ? isNotNull(apiKeys.revokedAt)
                  : isNull(apiKeys.revokedAt),
              olderThan(apiKeys.id, page),
            ),
          )
          .orderBy(desc(apiKeys.id))
          .limit(page.limit + 1),
        page,
      ),

    /** Refused (undefined) when the maker was revoked meanwhile: a key never outlives who made it. */
    insert: (row: ApiKeyRow, told: Told) => {
      const makerStands = d1
        .prepare("update api_keys set version = version where tenant_id = ? and id = ? and revoked_at is null")
        .bind(tenantId, row.makerId);
      return commit(asking, [makerStands, guard(d1), bound(d1, db.insert(apiKeys).values(row))], told);
    },

    /** Every key that this one made, and those that they made, as far as they still stand. */
    descendants: async (id: string): Promise<ApiKeyRow[]> =>
      db
        .select()
        .from(apiKeys)
        .where(
          and(
            eq(apiKeys.tenantId, tenantId),
            isNull(apiKeys.revokedAt),
            sql`${apiKeys.id} in (with recursive made(id) as (
              select k.id from api_keys k where k.tenant_id = ${tenantId} and k.maker_id = ${id}
              union select k.id from api_keys k join made on k.maker_id = made.id where k.tenant_id = ${tenantId}
            ) select id from made)`,
          ),
        )
        .orderBy(apiKeys.id),

    /** Ends a key and, in the same batch, the keys that it made. Undefined when it was revoked already. */
    revoke: (ids: readonly string[], told: Told) => {
      const first = d1
        .prepare(
          "update api_keys set revoked_at = ?1, updated_at = ?1, version = version + 1 where tenant_id = ?2 and id = ?3 and revoked_at is null",
        )
        .bind(now.getTime(), tenantId, ids[0]);
      const others = d1
        .prepare(
          "update api_keys set revoked_at = ?1, updated_at = ?1, version = version + 1 where tenant_id = ?2 and revoked_at is null and id in (select value from json_each(?3))",
        )
        .bind(now.getTime(), tenantId, JSON.stringify(ids.slice(1)));
      return commit(asking, [first, guard(d1), others], told);
    },
  };
}
