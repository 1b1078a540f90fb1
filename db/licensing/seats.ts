import { and, eq, isNull, type SQL } from "drizzle-orm";
import { timePart } from "#rules/ids";
import type { LicenseType } from "#rules/licensing/terms";
import { bound, commit, commitClaim, guard, type Asking, type Fact, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { shutOutSql } from "./asked.ts";
import { overVersion } from "./licenses.ts";
import { CHANGEABLE, COLUMNS, NAMES, rowOf, valuesFrom, valuesOf } from "./activation-columns.ts";
import type { ActivationRow, LicenseRow } from "./rows.ts";
import { coresSql, heldSeatsSql, holdsSeatSql, mayActivateSql, personSql, stillHoldsSql } from "./status.ts";
import { activations } from "./tables.ts";
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

/** What was known of a license, and of what else decides, when a device asked for a seat of it: the claim asks whether it is still so. */
export type Known = {
  version: number;
  /** all digests that the device's parts may be known by, where it told of them */
  parts: readonly string[];
  /** the address that it asks from, as `addressKey` writes it */
  from: string | null;
  /** the version that runs on the device, and when it was released as far as is known; null where the device told none */
  release: { version: string; at: Date | null } | null;
};

/** What came of a claim by what was known: a seat, or nothing and the activation that the device has, where all that was known is still so. */
export type ClaimedAsKnown = { made: true } | { made: false; held: ActivationRow | undefined };

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
      const taken = d1.prepare(CLAIM).bind(...claiming(asking, row, devices), type, jsonOrNull(keyHashes), ...valuesOf(row));
      return commit(
        asking,
        [...kicks(kicked), taken, guard(d1), ...places(asking, row, type), ...begins(license), ...also],
        told,
      );
    },

    /**
     * The same in one call to the database, for who decided by what was known of the license: the claim itself asks whether that is still so.
     * For licenses whose seats take nothing beside themselves, neither a user's place nor a trial.
     */
    claimSeatAsKnown: async (
      row: ActivationRow,
      { devices, keyHashes, type }: Pick<Seating, "devices" | "keyHashes" | "type">,
      known: Known,
      fact: Fact,
    ): Promise<ClaimedAsKnown> => {
      const asked = [...claiming(asking, row, devices), type, jsonOrNull(keyHashes), ...knowing(known, devices)];
      const claim = d1.prepare(CLAIM_AS_KNOWN).bind(...asked, ...valuesOf(row));
      const { made, otherwise } = await commitClaim(asking, claim, fact, d1.prepare(HELD_AS_KNOWN).bind(...asked));
      if (made) return { made };
      const [held] = otherwise.results as Record<string, unknown>[];
      return { made, held: held && rowOf(held) };
    },

    /**
     * Takes a seat in the row that a device has: again after its lease ended, or for what it claims now, which counts as if it were new.
     * What it holds already is asked for by nobody else. Undefined as `claimSeat`.
     */
    reclaimSeat: (row: ActivationRow, { devices, type, kicked, also = [] }: Seating, told: Told) => {
      const taken = d1
        .prepare(RECLAIM)
        .bind(
          ...claiming(asking, row, devices),
          type,
          row.version,
          ...valuesOf({ ...row, version: row.version + 1 }, CHANGEABLE),
        );
      return commit(asking, [...kicks(kicked), taken, guard(d1), ...places(asking, row, type), ...also], told);
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
      const seat = d1.prepare(EMERGENCY).bind(tenantId, row.licenseId, now.getTime(), ...valuesOf(row));
      return commit(asking, [earlier, seat, guard(d1), ...also], told);
    },
  };
}

/** What the conditions below are asked with, ?1 to ?8: the tenant, now, license and activation, the device, its user and cores, and `recentSql`. */
export function claiming(
  { tenantId, shard, now, realNow }: Asking,
  { licenseId, id, userRef, cores }: ActivationRow,
  devices: readonly string[],
) {
  const recentFrom = `act_${shard}${timePart(new Date(realNow.getTime() - CHURN_MS))}`;
  return [tenantId, now.getTime(), licenseId, id, JSON.stringify(devices), userRef, cores ?? 1, recentFrom];
}

const OTHERS = `${heldSeatsSql("?2")} and h.id <> ?4`;
const ITSELF = "coalesce('u' || ?6, 'd' || ?4)";
const USERS = `(select count(distinct ${personSql()}) ${OTHERS} and ${personSql()} <> ${ITSELF})`;
const KNOWN_DEVICE = "(select value from json_each(?5))";
const NAMED = "from named_users n where n.tenant_id = ?1 and n.license_id = licenses.id";

/** What the claims ask, each in one place. `licenses` is the license; what `kept` asks of `activations` is true where the row stays as it is. */
export const CONDITIONS = {
  users: USERS,
  seats: `(case licenses.model when 'per_seat' then ${USERS} else (select count(*) ${OTHERS}) end)`,
  cores: `(select coalesce(sum(${coresSql()}), 0) ${OTHERS})`,
  hasPlace: `(licenses.type <> 'named_user' or (?6 is not null and (
    exists (select 1 ${NAMED} and n.user_ref = ?6) or (select count(*) ${NAMED}) < licenses.user_ceiling)))`,
  elsewhere: `(licenses.device_scope <> 'license' and exists (
    select 1 from activations d indexed by activations_device cross join licenses dl on dl.tenant_id = d.tenant_id and dl.id = d.license_id
    where d.tenant_id = ?1 and d.device_hash in ${KNOWN_DEVICE} and d.released_at is null and d.license_id <> licenses.id
      and d.type <> 'emergency' and ${holdsSeatSql("?2", "d", "dl")}
      and (licenses.device_scope = 'tenant' or dl.product_id = licenses.product_id)))`,
  /** Another unreleased activation of the license is this device: it asked twice at once, or its parts led to two. */
  isOther: `exists (select 1 from activations o
    where o.tenant_id = ?1 and o.license_id = ?3 and o.released_at is null and o.id <> ?4 and o.device_hash in ${KNOWN_DEVICE})`,
  /** whether the row that asks holds a seat */
  holds: `(activations.type <> 'emergency' and ${stillHoldsSql("?2")})`,
  kept: {
    seat: "(licenses.model <> 'per_seat' or activations.user_ref is ?6)",
    cores: "coalesce(activations.cores, 1) >= ?7",
    user: "activations.user_ref is ?6",
  },
  /** The activations of a license that its limit of them counts, as the tail of a select. Ids rise with real time, which business time never lags. */
  recent: `from activations c where c.tenant_id = ?1 and c.license_id = licenses.id and c.id >= ?8
    and c.activated_at > ?2 - ${CHURN_MS} and c.type <> 'emergency'`,
};

const TRIAL_ELSEWHERE = `(licenses.type in ('trial', 'evaluation') and licenses.converted_at is null and exists (
  select 1 from trial_uses t where t.tenant_id = ?1 and t.product_id = licenses.product_id and t.kind = 'device'
    and t.subject in ${KNOWN_DEVICE} and t.license_id <> licenses.id))`;

/** A seat is free, and the license gives seats: asked in the very statement that takes one. `holds` = whether the row that takes it holds one. */
function seatFree(holds: string | null): string {
  const { seats, cores, users, hasPlace, elsewhere, kept } = CONDITIONS;
  const unless = (stays: string) => (holds === null ? "0" : `(${holds} and ${stays})`);
  return `licenses.tenant_id = ?1 and licenses.id = ?3 and ${mayActivateSql("?2")}
    and (licenses.seat_ceiling is null or ${unless(kept.seat)} or ${seats} < licenses.seat_ceiling)
    and (licenses.core_ceiling is null or ${unless(kept.cores)} or ${cores} + ?7 <= licenses.core_ceiling)
    and (licenses.user_ceiling is null or licenses.type = 'named_user' or ${unless(kept.user)} or ${users} < licenses.user_ceiling)
    and ${hasPlace} and not ${elsewhere} and not ${TRIAL_ELSEWHERE}`;
}

const FEW = `(licenses.churn_limit is null or (select count(*) ${CONDITIONS.recent}) < licenses.churn_limit)`;
const WITH_KEY = "licenses.type = ?9 and (?10 is null or licenses.key_hash in (select value from json_each(?10)))";

const claimOf = (from: number, also: string) => `insert into "activations" (${NAMES}) select ${valuesFrom(from)} from licenses
  where ${seatFree(null)} and ${FEW} and ${WITH_KEY} and not ${CONDITIONS.isOther} ${also}`;

const CLAIM = claimOf(11, "");

/** All that decides beside the conditions of every claim is as it was known, ?11 to ?15. `a` is the activation that the device has, if any. */
const asKnownSql = (
  a: string | null,
) => `licenses.version = ?11 and ${shutOutSql({ at: "?2", parts: "?12", from: "?13" }, a)} is null
  and (?14 is null or (select v.released_at from product_versions v
    where v.tenant_id = ?1 and v.product_id = licenses.product_id and v.version = ?14) is ?15)`;

function knowing({ version, parts, from, release }: Known, devices: readonly string[]) {
  return [version, JSON.stringify([...devices, ...parts]), from, release?.version ?? null, release?.at?.getTime() ?? null];
}

/** Not where the device gave its seat back with a mark: who takes it again is the device that it was, and is to be looked at. */
const UNMARKED = `not exists (select 1 from activations m indexed by activations_marked
  where m.tenant_id = ?1 and m.license_id = ?3 and m.device_hash in ${KNOWN_DEVICE}
    and m.released_at is not null and (m.clone_suspected_at is not null or m.integrity_failed_at is not null))`;

const CLAIM_AS_KNOWN = claimOf(16, `and ${asKnownSql(null)} and ${UNMARKED}`);

/** The activation that the device has of a license that is still as it was known. The new one itself is none, which saves looking for it. */
const HELD_AS_KNOWN = `select ${COLUMNS.map(({ sql }) => `a.${sql}`).join(", ")}
  from licenses cross join activations a indexed by activations_one_seat_per_device on a.tenant_id = ?1 and a.license_id = ?3
  where licenses.tenant_id = ?1 and licenses.id = ?3 and ${WITH_KEY} and a.released_at is null and a.id <> ?4
    and a.device_hash in ${KNOWN_DEVICE} and ${asKnownSql("a")} limit 1`;

const RECLAIM = `update "activations" set ${CHANGEABLE.map(({ sql }, index) => `${sql} = ?${11 + index}`).join(", ")}
  where tenant_id = ?1 and id = ?4 and version = ?10 and released_at is null
    and exists (select 1 from licenses where ${seatFree(CONDITIONS.holds)} and licenses.type = ?9) and not ${CONDITIONS.isOther}`;

const EMERGENCY = `insert into "activations" (${NAMES}) select ${valuesFrom(4)} from licenses
  where tenant_id = ?1 and id = ?2 and revoked_at is null and (canceled_at is null or canceled_at > ?3) and json_array_length(holds) = 0`;

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

const jsonOrNull = (values: readonly string[] | undefined) => (values === undefined ? null : JSON.stringify(values));

function beginning(asking: Asking, license: Beginning): Statement[] {
  if (!license) return [];
  const begins = overVersion(asking, license, { ...begun(license), version: license.version + 1 });
  return [begins, guard(asking.d1), ...(license.expiryBasis === "first_activation" ? firstTerm(asking, license) : [])];
}

function begun(row: LicenseRow) {
  const { activatedAt, expiresAt, graceUntil, maintenanceUntil, anchorDay, termCount, updatedAt } = row;
  return { activatedAt, expiresAt, graceUntil, maintenanceUntil, anchorDay, termCount, updatedAt };
}
