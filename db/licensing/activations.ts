import { and, desc, eq, getTableColumns, isNotNull, isNull, sql, type SQL } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { overVersion, STAMP_EVERY_MS, type LicenseRow } from "./licenses.ts";
import { heldSeatsSql, holdsSeatSql, literal, mayActivateSql } from "./status.ts";
import { activations, licenses } from "./tables.ts";

export type ActivationRow = typeof activations.$inferSelect;

export type ActivationFilter = {
  licenseId?: string | undefined;
  status?: "active" | "released" | undefined;
  externalId?: string | undefined;
};

/** What a heartbeat leaves behind. */
export type Beat = Pick<ActivationRow, "id" | "version" | "heartbeatAt" | "lastSeenAt" | "leaseExpiresAt" | "metrics">;

/** A license whose period begins with this activation: the row as it will be, over the version it was read as. */
export type Beginning = LicenseRow | null;

export function activationsOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(activations.tenantId, tenantId), eq(activations.id, id));
  const asRead = ({ id, version }: { id: string; version: number }) =>
    and(mine(id), eq(activations.version, version), isNull(activations.releasedAt));

  /** A seat is free, and the license gives seats: asked in the very statement that takes one. `but` = whose own seat does not count. */
  const seatFree = (licenseId: string, but: SQL = sql``) => sql`
    ${licenses.tenantId} = ${tenantId} and ${licenses.id} = ${licenseId} and ${sql.raw(mayActivateSql(literal(now)))}
    and (${licenses.seatCeiling} is null or (select count(*) ${sql.raw(heldSeatsSql(literal(now)))})${but} < ${licenses.seatCeiling})`;

  const begins = (license: Beginning) =>
    license ? [overVersion(asking, license, { ...begun(license), version: license.version + 1 }), guard(d1)] : [];

  return {
    byId: (id: string) => db.select().from(activations).where(mine(id)).get(),

    list: async (page: Page, { licenseId, status, externalId }: ActivationFilter) =>
      pageOf(
        await db
          .select()
          .from(activations)
          .where(
            and(
              eq(activations.tenantId, tenantId),
              licenseId === undefined ? undefined : eq(activations.licenseId, licenseId),
              status === undefined
                ? undefined
                : status === "active"
                  ? isNull(activations.releasedAt)
                  : isNotNull(activations.releasedAt),
              externalId === undefined ? undefined : eq(activations.externalId, externalId),
              olderThan(activations.id, page),
            ),
          )
          .orderBy(desc(activations.id))
          .limit(page.limit + 1),
        page,
      ),

    /**
     * Takes a seat for a device that holds none; `devices` are all digests that it may be known by. Undefined when no seat was free, the
     * license gives none now, the device holds one already, or the license that was to begin changed: whoever asked looks which.
     */
    claimSeat: (row: ActivationRow, devices: readonly string[], license: Beginning, told: Told) => {
      const known = sql`exists (select 1 from activations a where a.tenant_id = ${tenantId} and a.license_id = ${row.licenseId}
        and a.released_at is null and a.device_hash in (select value from json_each(${JSON.stringify(devices)})))`;
      const seat = db
        .select(asSelected(row))
        .from(licenses)
        .where(and(seatFree(row.licenseId), sql`not ${known}`));
      return commit(asking, [bound(d1, db.insert(activations).select(seat)), guard(d1), ...begins(license)], told);
    },

    /** Takes a seat again for a device whose lease ended, in its old row. Undefined as `claimSeat`. */
    reclaimSeat: (row: ActivationRow, told: Told) => {
      // the row's own seat is free, or it would not ask; were it held after all, it must not stand in its own way
      const ownSeat = sql.raw(` - (case when ${holdsSeatSql(literal(now))} then 1 else 0 end)`);
      const { tenantId: _, id: __, licenseId: ___, ...columns } = row;
      const claim = db
        .update(activations)
        .set({ ...columns, version: row.version + 1 })
        .where(and(asRead(row), sql`exists (select 1 from licenses where ${seatFree(row.licenseId, ownSeat)})`));
      return commit(asking, [bound(d1, claim), guard(d1)], told);
    },

    /** Keeps a heartbeat of a seat that is held; false when the activation changed since it was read. Tells no event: beats are many. */
    recordBeat: async ({ id, version, ...beat }: Beat): Promise<boolean> => {
      const kept = await db
        .update(activations)
        .set({ ...beat, version: version + 1 })
        .where(asRead({ id, version }))
        .returning({ id: activations.id });
      return kept.length === 1;
    },

    /** Notes that a device was here, at most once a minute, and without its version, which is for those who change it. */
    stampSeen: async (id: string): Promise<void> => {
      await d1
        .prepare(
          `update activations set last_seen_at = ?1 where tenant_id = ?2 and id = ?3 and last_seen_at <= ?1 - ${STAMP_EVERY_MS}`,
        )
        .bind(now.getTime(), tenantId, id)
        .run();
    },

    /** Frees a seat; undefined when it was free already, or the activation changed since it was read. */
    release: ({ id, version, releasedAt, releasedReason, updatedAt }: ActivationRow, told: Told) => {
      const columns = { releasedAt, releasedReason, updatedAt, version: version + 1 };
      const freed = db.update(activations).set(columns).where(asRead({ id, version }));
      return commit(asking, [bound(d1, freed), guard(d1)], told);
    },
  };
}

function begun({ activatedAt, expiresAt, graceUntil, maintenanceUntil, updatedAt }: LicenseRow) {
  return { activatedAt, expiresAt, graceUntil, maintenanceUntil, updatedAt };
}

/** A row as the columns of a select, in the order of the table: what `insert … select` wants. */
function asSelected(row: ActivationRow) {
  const columns = Object.entries(getTableColumns(activations));
  return Object.fromEntries(
    columns.map(([name, column]) => [name, sql`${sql.param(row[name as keyof ActivationRow], column)}`.as(name)]),
  ) as never;
}
