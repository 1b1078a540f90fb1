import { and, desc, eq, sql } from "drizzle-orm";
import type { BlacklistKind } from "#rules/licensing/security";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { blacklist } from "./tables.ts";

export type BlacklistRow = typeof blacklist.$inferSelect;

export type BlacklistFilter = { kind?: BlacklistKind | undefined; externalId?: string | undefined };

export function blacklistOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(blacklist.tenantId, tenantId), eq(blacklist.id, id));
  const taken = (id: string) => bound(d1, db.delete(blacklist).where(mine(id)));

  return {
    byId: (id: string) => db.select().from(blacklist).where(mine(id)).get(),

    /** The entry of a device or a part by one of the digests that it may be stored as, ended or not. */
    byDigests: (digests: readonly string[]) =>
      db
        .select()
        .from(blacklist)
        .where(
          and(
            eq(blacklist.tenantId, tenantId),
            sql`${blacklist.digest} in (select value from json_each(${JSON.stringify(digests)}))`,
          ),
        )
        .get(),

    list: async (page: Page, { kind, externalId }: BlacklistFilter) =>
      pageOf(
        await db
          .select()
          .from(blacklist)
          .where(
            and(
              eq(blacklist.tenantId, tenantId),
              kind === undefined ? undefined : eq(blacklist.kind, kind),
              externalId === undefined ? undefined : eq(blacklist.externalId, externalId),
              olderThan(blacklist.id, page),
            ),
          )
          .orderBy(desc(blacklist.id))
          .limit(page.limit + 1),
        page,
      ),

    /**
     * Adds an entry, in the place of one that has ended where there is one. Undefined when that one is gone already, another entry for the
     * same came first, or the tenant has `mostRanges` ranges: two that race for the last place cannot both get it.
     */
    insert: (row: BlacklistRow, { ended, mostRanges }: { ended: string | null; mostRanges: number }, told: Told) =>
      commit(
        asking,
        [
          ...(ended === null ? [] : [taken(ended), guard(d1)]),
          ...(row.kind === "ip_range" ? [roomLeft(asking, mostRanges)] : []),
          ...(row.digest === null ? [] : [notThere(asking, row.digest)]),
          bound(d1, db.insert(blacklist).values(row)),
        ],
        told,
      ),

    /** Undefined when it was gone already. */
    delete: (id: string, told: Told) => commit(asking, [taken(id), guard(d1)], told),
  };
}

const COUNT_RANGES = "select count(*) as n from blacklist where tenant_id = ? and range_from is not null";

/** Aborts the batch when the tenant has `most` ranges. */
function roomLeft({ d1, tenantId }: Asking, most: number) {
  return d1.prepare(`select case when (${COUNT_RANGES}) >= ? then json('guard:no room left') end`).bind(tenantId, most);
}

/** Aborts the batch when there is an entry of this digest. */
function notThere({ d1, tenantId }: Asking, digest: string) {
  return d1
    .prepare(
      "select case when exists (select 1 from blacklist where tenant_id = ? and digest = ?) then json('guard:it is there') end",
    )
    .bind(tenantId, digest);
}
