import { and, eq, getTableColumns, isNull, sql, type SQL } from "drizzle-orm";
import { timePart } from "#rules/ids";
import type { LicenseType } from "#rules/licensing/terms";
import { bound, commit, guard, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { overVersion } from "./licenses.ts";
import type { ActivationRow, LicenseRow } from "./rows.ts";
import { coresSql, heldSeatsSql, holdsSeatSql, literal, mayActivateSql, personSql, stillHoldsSql } from "./status.ts";
import { activations, licenses } from "./tables.ts";
import { firstTerm } from "./written-terms.ts";

/** A license whose period begins with this activation: the row as it will be, over the version it was read as. */
export type Beginning = LicenseRow | null;

/** What belongs to the taking of a seat. */
export type Seating = {
  /** all digests that the device may be known by */
  devices: readonly string[];
  /** by which digests of its key the license was found, where a new seat is asked for: one that got another key since is not */
  keyHashes?: readonly string[] | undefined;
  /** the license's type, as it was read */
  type: LicenseType;
  /** activations that give way, as they will be, over the versions they were read as */
  kicked?: readonly ActivationRow[] | undefined;
  /** statements that stand or fall with the seat */
  also?: readonly Statement[] | undefined;
};

/** Within how long a license's activations are counted against its limit of them. */
export const CHURN_MS = 30 * 24 * 3_600_000;

/** The ways to a seat. Each is one statement that asks whether one is free and takes it, so that no race oversells a license. */
export function seatsOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  const begins = (license: Beginning) => beginning(asking, license);
  const asRead = ({ id, version }: ActivationRow) =>
    and(
      eq(activations.tenantId, tenantId),
      eq(activations.id, id),
      eq(activations.version, version),
      isNull(activations.releasedAt),
    );
  const written = (row: ActivationRow, where: SQL | undefined): Statement => {
    const { tenantId: _, id: __, licenseId: ___, ...columns } = row;
    return bound(
      d1,
      db
        .update(activations)
        .set({ ...columns, version: row.version + 1 })
        .where(where),
    );
  };
  const kicks = (rows: readonly ActivationRow[] = []) => rows.flatMap((row) => [written(row, asRead(row)), guard(d1)]);

  return {
    /**
     * Takes a seat for a device that holds none. Undefined when no seat was free, the license gives none now, the device holds one already,
     * or what was to give way or to begin changed: whoever asked looks which.
     */
    claimSeat: (row: ActivationRow, { devices, keyHashes, type, kicked, also = [] }: Seating, license: Beginning, told: Told) => {
      const free = seatFree(asking, row, devices, null);
      const few = sql`(${licenses.churnLimit} is null or (select count(*) ${recentOf(asking)}) < ${licenses.churnLimit})`;
      const seat = db
        .select(asSelected(row))
        .from(licenses)
        .where(and(free, few, eq(licenses.type, type), withKey(keyHashes), sql`not ${isOther(asking, row, devices)}`));
      const taken = bound(d1, db.insert(activations).select(seat));
      return commit(
        asking,
        [...kicks(kicked), taken, guard(d1), ...places(asking, row, type), ...begins(license), ...also],
        told,
      );
    },

    /**
     * Takes a seat in the row that a device has: again after its lease ended, or for what it claims now, which counts as if it were new.
     * What it holds already is asked for by nobody else. Undefined as `claimSeat`.
     */
    reclaimSeat: (row: ActivationRow, { devices, type, kicked, also = [] }: Seating, told: Told) => {
      const holds = sql`(${activations.type} <> 'emergency' and ${sql.raw(stillHoldsSql(literal(now)))})`;
      const free = seatFree(asking, row, devices, holds);
      const claim = and(
        asRead(row),
        sql`exists (select 1 from licenses where ${free} and ${licenses.type} = ${type})`,
        sql`not ${isOther(asking, row, devices)}`,
      );
      return commit(asking, [...kicks(kicked), written(row, claim), guard(d1), ...places(asking, row, type), ...also], told);
    },

    /** Writes a changed activation that asks for nothing more than it has; undefined when it was released, or changed since it was read. */
    rewrite: (row: ActivationRow, also: readonly Statement[], told: Told) =>
      commit(asking, [written(row, asRead(row)), guard(d1), ...also], told),

    /**
     * Adds an activation by an emergency code, which holds no seat and asks for none: in the place of an earlier one of the same device.
     * Undefined when the license was revoked, canceled or held meanwhile, or one of `also` aborted.
     */
    insertEmergency: (row: ActivationRow, also: readonly Statement[], told: Told) => {
      const earlier = d1
        .prepare(
          `update activations set released_at = min(?1, coalesce(ends_at, ?1)), released_reason = 'replaced', updated_at = ?1, version = version + 1
           where tenant_id = ?2 and license_id = ?3 and device_hash = ?4 and released_at is null`,
        )
        .bind(now.getTime(), tenantId, row.licenseId, row.deviceHash);
      const usable = sql`${licenses.revokedAt} is null and (${licenses.canceledAt} is null or ${licenses.canceledAt} > ${now.getTime()})
        and json_array_length(${licenses.holds}) = 0`;
      const seat = db
        .select(asSelected(row))
        .from(licenses)
        .where(and(eq(licenses.tenantId, tenantId), eq(licenses.id, row.licenseId), usable));
      return commit(asking, [earlier, bound(d1, db.insert(activations).select(seat)), guard(d1), ...also], told);
    },
  };
}

/** What the claims ask, each in one place. `licenses` is the license; what `kept` asks of `activations` is true where the row stays as it is. */
export function conditions({ tenantId, now }: Asking, row: ActivationRow, devices: readonly string[]) {
  const others = sql`${sql.raw(heldSeatsSql(literal(now)))} and h.id <> ${row.id}`;
  const person = sql.raw(personSql());
  const itself = row.userRef === null ? `d${row.id}` : `u${row.userRef}`;
  const users = sql`(select count(distinct ${person}) ${others} and ${person} <> ${itself})`;
  const known = sql`(select value from json_each(${JSON.stringify(devices)}))`;
  const named = sql`from named_users n where n.tenant_id = ${tenantId} and n.license_id = ${licenses.id}`;
  return {
    users,
    seats: sql`(case ${licenses.model} when 'per_seat' then ${users} else (select count(*) ${others}) end)`,
    cores: sql`(select coalesce(sum(${sql.raw(coresSql())}), 0) ${others})`,
    hasPlace: sql`(${licenses.type} <> 'named_user' or (${row.userRef} is not null and (
      exists (select 1 ${named} and n.user_ref = ${row.userRef}) or (select count(*) ${named}) < ${licenses.userCeiling})))`,
    elsewhere: sql`(${licenses.deviceScope} <> 'license' and exists (
      select 1 from activations d indexed by activations_device cross join licenses dl on dl.tenant_id = d.tenant_id and dl.id = d.license_id
      where d.tenant_id = ${tenantId} and d.device_hash in ${known} and d.released_at is null and d.license_id <> ${licenses.id}
        and d.type <> 'emergency' and ${sql.raw(holdsSeatSql(literal(now), "d", "dl"))}
        and (${licenses.deviceScope} = 'tenant' or dl.product_id = ${licenses.productId})))`,
    trialElsewhere: sql`(${licenses.type} in ('trial', 'evaluation') and ${licenses.convertedAt} is null and exists (
      select 1 from trial_uses t where t.tenant_id = ${tenantId} and t.product_id = ${licenses.productId} and t.kind = 'device'
        and t.subject in ${known} and t.license_id <> ${licenses.id}))`,
    kept: {
      seat: sql`(${licenses.model} <> 'per_seat' or ${activations.userRef} is ${row.userRef})`,
      cores: sql`coalesce(${activations.cores}, 1) >= ${row.cores ?? 1}`,
      user: sql`${activations.userRef} is ${row.userRef}`,
    },
  };
}

/** Another unreleased activation of the license is this device: it asked twice at once, or its parts led to two. */
export const isOther = (
  { tenantId }: Asking,
  row: ActivationRow,
  devices: readonly string[],
) => sql`exists (select 1 from activations o
  where o.tenant_id = ${tenantId} and o.license_id = ${row.licenseId} and o.released_at is null and o.id <> ${row.id}
    and o.device_hash in (select value from json_each(${JSON.stringify(devices)})))`;

/** A seat is free, and the license gives seats: asked in the very statement that takes one. `holds` = whether the row that takes it holds one. */
function seatFree(asking: Asking, row: ActivationRow, devices: readonly string[], holds: SQL | null): SQL {
  const { tenantId, now } = asking;
  const { seats, cores, users, hasPlace, elsewhere, trialElsewhere, kept } = conditions(asking, row, devices);
  const unless = (stays: SQL) => (holds === null ? sql`0` : sql`(${holds} and ${stays})`);
  return sql`${licenses.tenantId} = ${tenantId} and ${licenses.id} = ${row.licenseId} and ${sql.raw(mayActivateSql(literal(now)))}
    and (${licenses.seatCeiling} is null or ${unless(kept.seat)} or ${seats} < ${licenses.seatCeiling})
    and (${licenses.coreCeiling} is null or ${unless(kept.cores)} or ${cores} + ${row.cores ?? 1} <= ${licenses.coreCeiling})
    and (${licenses.userCeiling} is null or ${licenses.type} = 'named_user' or ${unless(kept.user)} or ${users} < ${licenses.userCeiling})
    and ${hasPlace} and not ${elsewhere} and not ${trialElsewhere}`;
}

/** The activations of a license that its limit of them counts, as the tail of a select. Ids rise with real time, which business time never lags. */
export function recentOf({ tenantId, shard, now, realNow }: Asking): SQL {
  const first = `act_${shard}${timePart(new Date(realNow.getTime() - CHURN_MS))}`;
  return sql`from activations c where c.tenant_id = ${tenantId} and c.license_id = ${licenses.id} and c.id >= ${first}
    and c.activated_at > ${now.getTime() - CHURN_MS} and c.type <> 'emergency'`;
}

/** What a seat takes beside itself: the place of a named user, and the trial that its device has once. Both may be there already. */
function places(
  { d1, tenantId, now }: Asking,
  { licenseId, userRef, deviceHash }: ActivationRow,
  type: LicenseType,
): Statement[] {
  if (type === "named_user") {
    const named = `insert into named_users (tenant_id, license_id, user_ref, named_at) values (?, ?, ?, ?) on conflict do nothing`;
    return [d1.prepare(named).bind(tenantId, licenseId, userRef, now.getTime())];
  }
  if (type !== "trial" && type !== "evaluation") return [];
  const used = `insert into trial_uses (tenant_id, product_id, kind, subject, license_id, used_at)
    select tenant_id, product_id, 'device', ?3, id, ?4 from licenses where tenant_id = ?1 and id = ?2 and converted_at is null
    on conflict do nothing`;
  return [d1.prepare(used).bind(tenantId, licenseId, deviceHash, now.getTime())];
}

const withKey = (hashes: readonly string[] | undefined) =>
  hashes && sql`${licenses.keyHash} in (select value from json_each(${JSON.stringify(hashes)}))`;

function beginning(asking: Asking, license: Beginning): Statement[] {
  if (!license) return [];
  const begins = overVersion(asking, license, { ...begun(license), version: license.version + 1 });
  return [begins, guard(asking.d1), ...(license.expiryBasis === "first_activation" ? firstTerm(asking, license) : [])];
}

function begun(row: LicenseRow) {
  const { activatedAt, expiresAt, graceUntil, maintenanceUntil, anchorDay, termCount, updatedAt } = row;
  return { activatedAt, expiresAt, graceUntil, maintenanceUntil, anchorDay, termCount, updatedAt };
}

/** A row as the columns of a select, in the order of the table: what `insert … select` wants. */
function asSelected(row: ActivationRow) {
  const columns = Object.entries(getTableColumns(activations));
  return Object.fromEntries(
    columns.map(([name, column]) => [name, sql`${sql.param(row[name as keyof ActivationRow], column)}`.as(name)]),
  ) as never;
}
