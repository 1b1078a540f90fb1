import { and, desc, eq, sql } from "drizzle-orm";
import { commit, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page, type PageOf } from "../page.ts";
import { COLUMNS, rowOf } from "./activation-columns.ts";
import type { ActivationRow } from "./rows.ts";
import { archivedActivations } from "./tables.ts";

/** An activation, and when it was archived, where it was. */
export type KeptActivation = ActivationRow & { archivedAt?: Date };

/** Which of the archived ones are asked for: all of them were released. */
export type ArchiveFilter = {
  licenseId?: string | undefined;
  status?: "active" | "released" | undefined;
  externalId?: string | undefined;
};

/** Seats that were released long ago, and the way into the archive. Nothing leads back. */
export function archiveOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  const mine = eq(archivedActivations.tenantId, tenantId);

  return {
    archivedById: async (id: string): Promise<KeptActivation | undefined> => {
      const found = await db
        .select()
        .from(archivedActivations)
        .where(and(mine, eq(archivedActivations.id, id)))
        .get();
      return found && unpacked(found);
    },

    listArchived: async (page: Page, { licenseId, status, externalId }: ArchiveFilter): Promise<PageOf<KeptActivation>> => {
      const rows = await db
        .select()
        .from(archivedActivations)
        .where(
          and(
            mine,
            licenseId === undefined ? undefined : eq(archivedActivations.licenseId, licenseId),
            status === "active" ? sql`false` : undefined,
            externalId === undefined ? undefined : sql`${archivedActivations.row} ->> '$.external_id' = ${externalId}`,
            olderThan(archivedActivations.id, page),
          ),
        )
        .orderBy(desc(archivedActivations.id))
        .limit(page.limit + 1);
      return pageOf(rows.map(unpacked), page);
    },

    /** The first of the seats that were released before an instant and may be archived, by when they were released. */
    listArchivable: async (before: Date, limit: number): Promise<string[]> => {
      const { results } = await d1.prepare(ARCHIVABLE).bind(tenantId, before.getTime(), limit).all<{ id: string }>();
      return results.map(({ id }) => id);
    },

    /** Moves seats into the archive, all of them or none; undefined where somebody else moved one of them meanwhile. */
    archive: (ids: readonly string[], told: Told) => {
      const named = JSON.stringify(ids);
      const copied = d1.prepare(COPY).bind(tenantId, named, now.getTime());
      const gone = d1.prepare(`delete from activations where ${NAMED}`).bind(tenantId, named);
      return commit(asking, [copied, allOf(d1, ids), gone, allOf(d1, ids)], told);
    },
  };
}

/** Aborts the batch unless the statement before it changed as many rows as were named. */
const allOf = (d1: D1Database, ids: readonly string[]): Statement =>
  d1.prepare("select case when changes() <> ? then json('guard:not all of them are there') end").bind(ids.length);

const IS_MARKED = (a: string) => `(${a}.clone_suspected_at is not null or ${a}.integrity_failed_at is not null)`;

/**
 * What still decides something stays where it is: a seat with files or a status index of its own, and one that was left with a mark, because
 * its device is known by that when it comes back. So does each later one of such a license: it may be the one in which the mark was cleared.
 */
const ARCHIVABLE = `select a.id from activations a indexed by activations_released
  where a.tenant_id = ?1 and a.released_at is not null and a.released_at < ?2 and not ${IS_MARKED("a")}
    and not exists (select 1 from offline_devices d where d.tenant_id = a.tenant_id and d.activation_id = a.id)
    and not exists (select 1 from activations m indexed by activations_marked
      where m.tenant_id = a.tenant_id and m.license_id = a.license_id and m.released_at is not null and ${IS_MARKED("m")} and m.id < a.id)
  order by a.released_at limit ?3`;

const NAMED = "tenant_id = ?1 and released_at is not null and id in (select value from json_each(?2))";

const PAIRS_AT_ONCE = 12;

/** The row as one JSON text, without the columns that hold nothing. A function of D1 takes 32 arguments at most, so it is put together. */
const PACKED = Array.from({ length: Math.ceil(COLUMNS.length / PAIRS_AT_ONCE) }, (_, part) =>
  COLUMNS.slice(part * PAIRS_AT_ONCE, (part + 1) * PAIRS_AT_ONCE).map(({ sql }) => `'${sql}', ${sql}`),
)
  .map((pairs) => `json_object(${pairs.join(", ")})`)
  .reduce((all, part) => `json_patch(${all}, ${part})`, "'{}'");

const COPY = `insert into archived_activations (tenant_id, id, license_id, row, released_at, archived_at)
  select tenant_id, id, license_id, ${PACKED}, released_at, ?3 from activations where ${NAMED}`;

const unpacked = ({ row, archivedAt }: typeof archivedActivations.$inferSelect): KeptActivation => ({
  ...rowOf(row),
  archivedAt,
});
