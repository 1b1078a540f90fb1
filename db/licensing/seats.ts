import { and, eq, getTableColumns, isNull, sql, type SQL } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { overVersion } from "./licenses.ts";
import type { ActivationRow, LicenseRow } from "./rows.ts";
import { heldSeatsSql, holdsSeatSql, literal, mayActivateSql } from "./status.ts";
import { activations, licenses } from "./tables.ts";

/** A license whose period begins with this activation: the row as it will be, over the version it was read as. */
export type Beginning = LicenseRow | null;

/** The two ways to a seat. Both are one statement that asks whether one is free and takes it, so that no race oversells a license. */
export function seatsOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);

  /** A seat is free, and the license gives seats: asked in the very statement that takes one. `but` = whose own seat does not count. */
  const seatFree = (licenseId: string, but: SQL = sql``) => sql`
    ${licenses.tenantId} = ${tenantId} and ${licenses.id} = ${licenseId} and ${sql.raw(mayActivateSql(literal(now)))}
    and (${licenses.seatCeiling} is null or (select count(*) ${sql.raw(heldSeatsSql(literal(now)))})${but} < ${licenses.seatCeiling})`;

  const begins = (license: Beginning) =>
    license ? [overVersion(asking, license, { ...begun(license), version: license.version + 1 }), guard(d1)] : [];

  return {
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
      const asRead = and(
        eq(activations.tenantId, tenantId),
        eq(activations.id, row.id),
        eq(activations.version, row.version),
        isNull(activations.releasedAt),
      );
      const claim = db
        .update(activations)
        .set({ ...columns, version: row.version + 1 })
        .where(and(asRead, sql`exists (select 1 from licenses where ${seatFree(row.licenseId, ownSeat)})`));
      return commit(asking, [bound(d1, claim), guard(d1)], told);
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
