import { NEWEST_POSITION } from "../events/tail.ts";
import type { AskingActivation, Counts, Snapshot } from "#rules/licensing/decide";
import type { BlacklistKind } from "#rules/licensing/security";
import type { Hold } from "#rules/licensing/states";
import { holdsSeat } from "#rules/licensing/decide";
import {
  effectiveTerms,
  type ExpiryBasis,
  type LicenseType,
  type TemplateTerms,
  type TermsOverrides,
} from "#rules/licensing/terms";
import type { Asking, Statement } from "../commit.ts";
import { deviceBehindSql, emergencyDevice } from "./rows.ts";
import { coresHeldSql, coresSql, heldSeatsSql, personSql, seatsHeldSql, usersHeldSql } from "./status.ts";

/** A license as a validation or an activation asks for it: everything that decides, read at one instant. */
export type Asked = {
  snapshot: Snapshot;
  license: { id: string; productId: string; version: number; firstValidatedAt: Date | null; lastValidatedAt: Date | null };
  /** of the device or token that asks; null where there is none, or it was released */
  activation: { id: string; deviceHash: string; generation: number; version: number; metrics: Metrics; lastSeenAt: Date } | null;
};

/** What devices told with their heartbeats: counters add up, gauges are the latest, `seq` is the last beat that was counted. */
export type Metrics = { counters: Record<string, number>; gauges: Record<string, number>; seq: number };

/** A key that signs today; `productIds` says for what, and none means for everything. */
export type SigningKey = { kid: string; privateKey: string; productIds: readonly string[] };

type How = {
  /** the instant to judge at */
  at: Date;
  /** a version of the product, whose release is looked up */
  version?: string | undefined;
  /** the address that it is asked from, as `addressKey` writes it */
  from?: string | null | undefined;
  /** the user who asks, where one was named */
  user?: string | undefined;
  /** all digests that parts of the device may be known by, where it told of them; the parts that its activation has are known anyway */
  parts?: readonly string[] | undefined;
  /** the device asks for a seat: what it runs by in an emergency is left aside */
  toSeat?: boolean | undefined;
};

/**
 * The reads of the hot path: one prepared statement each, because a query builder costs as much as the query. What they find is bounded by the seats of one license; where nothing limits those, only whether others hold any is counted.
 */
export function askedOf({ d1, tenantId }: Pick<Asking, "d1" | "tenantId">) {
  const bind = (statement: string, asked: string, devices: readonly string[], { at, version, from, user, parts = [] }: How) =>
    d1
      .prepare(statement)
      .bind(
        tenantId,
        at.getTime(),
        version ?? null,
        asked,
        JSON.stringify(devices),
        from ?? null,
        user ?? null,
        JSON.stringify([...devices, ...parts]),
      );

  return {
    /** By the digests of a license key and, where a device asks, of its fingerprint. Its activation counts only while it is not released. */
    byKey: ({ keyHashes, devices }: { keyHashes: readonly string[]; devices: readonly string[] }, how: How) => {
      const known = how.toSeat ? devices : devices.flatMap((digest) => [digest, emergencyDevice(digest)]);
      return answered(bind(BY_KEY, JSON.stringify(keyHashes), known, how), how);
    },

    /**
     * By the digests of a license key, for a device that asks for a seat of it, and with it what that device was last suspected of when it gave
     * its seat back: the marks of its newest released activation. Undefined where there is no license.
     */
    toSeat: async (
      { keyHashes, devices }: { keyHashes: readonly string[]; devices: readonly string[] },
      how: Omit<How, "toSeat">,
    ): Promise<{ asked: Asked; left: Marks } | undefined> => {
      const key = JSON.stringify(keyHashes);
      const leftBy = d1.prepare(LEFT_BY).bind(tenantId, key, JSON.stringify(devices));
      const [found, left] = await d1.batch([bind(BY_KEY, key, devices, how), leftBy]);
      const [row] = (found?.results ?? []) as AskedRow[];
      const [marks] = (left?.results ?? []) as MarksColumns[];
      return row && { asked: askedFrom(row, how), left: marksOf(marks) };
    },

    /** By an activation, released or not. */
    byActivation: (id: string, how: How) => answered(bind(BY_ACTIVATION, id, [], how), how),

    /** The row that `byKey` reads, for whoever keeps it: `askedFrom` makes of it what was asked for. */
    rowByKey: ({ keyHashes, devices }: { keyHashes: readonly string[]; devices: readonly string[] }, how: How) => {
      const known = devices.flatMap((digest) => [digest, emergencyDevice(digest)]);
      return bind(BY_KEY, JSON.stringify(keyHashes), known, how).first<AskedRow>();
    },

    /** The rows of several such questions, in one go; null where there is no license. */
    rowsByKey: async (
      questions: readonly { keyHashes: readonly string[]; devices: readonly string[] }[],
      how: How,
    ): Promise<(AskedRow | null)[]> => {
      const statements = questions.map(({ keyHashes, devices }) => {
        const known = devices.flatMap((digest) => [digest, emergencyDevice(digest)]);
        return bind(BY_KEY, JSON.stringify(keyHashes), known, how);
      });
      const results = statements.length > 0 ? await d1.batch<AskedRow>(statements) : [];
      return results.map(({ results }) => results[0] ?? null);
    },

    /** The row that `byActivation` reads. */
    rowByActivation: (id: string, how: How) => bind(BY_ACTIVATION, id, [], how).first<AskedRow>(),
  };
}

const SEATS = heldSeatsSql("?2", "l");
const UNLIMITED = "(l.max_activations is null or l.model in ('site', 'enterprise'))";
/** Whether the terms limit what no column tells of where overage has no end. A limit that the license itself lifted is counted for nothing. */
const limits = (term: string) =>
  `(l.model not in ('site', 'enterprise') and coalesce(l.overrides ->> '$.${term}', r.terms ->> '$.${term}') is not null)`;

/** The place of the asking activation among those that hold seats: as a condition on them. */
const UP_TO_THIS = "(h.activated_at, h.id) <= (a.activated_at, a.id)";

/** Who asks: the user that was named, or whoever stands behind the activation. */
const WHO = `coalesce('u' || coalesce(?7, a.user_ref), 'd' || a.id)`;

/** The place of whoever asks among the people that hold seats, by the first that each of them took. Null where it holds none. */
const PERSON_PLACE = `(select nullif(count(distinct ${personSql()}), 0) ${SEATS} and (h.activated_at, h.id) <=
  (select f.activated_at, f.id ${heldSeatsSql("?2", "l", "f")} and ${personSql("f")} = ${WHO} order by f.activated_at, f.id limit 1))`;

const NAMED_PLACE = `(select nullif(count(*), 0) from named_users n where n.tenant_id = l.tenant_id and n.license_id = l.id and (n.named_at, n.user_ref) <=
  (select m.named_at, m.user_ref from named_users m
    where m.tenant_id = l.tenant_id and m.license_id = l.id and m.user_ref = coalesce(?7, a.user_ref)))`;

const COUNTS = `
  case when ${UNLIMITED} then (select count(*) from (select 1 ${SEATS} limit 2)) else ${seatsHeldSql("?2", "l")} end as held,
  case when ${UNLIMITED} then null when l.model = 'per_seat' then ${PERSON_PLACE}
    when a.id is null then null else (select count(*) ${SEATS} and ${UP_TO_THIS}) end as place,
  case when ${limits("maxCores")} then ${coresHeldSql("?2", "l")} else 0 end as cores_held,
  case when a.id is not null and ${limits("maxCores")} then (select sum(${coresSql()}) ${SEATS} and ${UP_TO_THIS}) end as cores_place,
  case when l.type = 'named_user' or ${limits("maxUsers")} then ${usersHeldSql("?2", "l")} else 0 end as users_held,
  case when l.type = 'named_user' then ${NAMED_PLACE} when ${limits("maxUsers")} then ${PERSON_PLACE} end as users_place`;

/** A trial asks whether its device had one already by another license. */
const TRIAL_ELSEWHERE = `case when l.type in ('trial', 'evaluation') and l.converted_at is null then exists (
  select 1 from trial_uses t where t.tenant_id = l.tenant_id and t.product_id = l.product_id and t.kind = 'device' and t.license_id <> l.id
    and t.subject in (select value from json_each(?5) union all select a.device_hash)) else 0 end`;

/**
 * What of a device was shut out, or null: itself, a part of it, or the address that it asks from. `parts` is a JSON list of digests, `from` an
 * address as `addressKey` writes it; `a`, where there is one, the activation that the device has, whose parts count as well.
 */
export function shutOutSql({ at, parts, from }: { at: string; parts: string; from: string }, a: string | null): string {
  const inForce = `(b.expires_at is null or b.expires_at > ${at})`;
  const ofActivation =
    a === null
      ? ""
      : `union all select ${deviceBehindSql(`${a}.device_hash`)} union all select value ->> 'hash' from json_each(${a}.components)`;
  return `coalesce(
  (select b.kind from blacklist b indexed by blacklist_digest where b.tenant_id = ?1 and ${inForce} and b.digest in (
    select value from json_each(${parts}) ${ofActivation})
    order by b.kind desc limit 1),
  (select b.kind from blacklist b indexed by blacklist_range
    where b.tenant_id = ?1 and b.range_from <= ${from} and b.range_to >= ${from} and ${inForce} limit 1))`;
}

const SHUT_OUT = shutOutSql({ at: "?2", parts: "?8", from: "?6" }, "a");

const COLUMNS = `
  l.id, l.product_id, l.type, l.overrides, l.starts_at, l.expiry_basis, l.activated_at, l.first_validated_at, l.last_validated_at, l.expires_at,
  l.grace_until, l.maintenance_until, l.converted_at, l.canceled_at, l.revoked_at, l.holds, l.version, r.terms, p.code as product_code,
  a.id as a_id, a.type as a_type, a.device_hash, a.user_ref, a.generation, a.metrics, a.version as a_version, a.activated_at as a_activated_at,
  a.last_seen_at, a.heartbeat_at, a.lease_expires_at, a.ends_at, a.clone_suspected_at, a.integrity_failed_at, a.released_at, ${COUNTS},
  ${TRIAL_ELSEWHERE} as trial_elsewhere, ${SHUT_OUT} as shut_out,
  (select v.released_at from product_versions v
    where v.tenant_id = l.tenant_id and v.product_id = l.product_id and v.version = ?3) as version_released_at,
  exists (select 1 from blacklist b indexed by blacklist_range where b.tenant_id = l.tenant_id and b.range_from > '') as ranges,
  ${NEWEST_POSITION} as position`;

/** Joined crosswise, which SQLite carries out in the order that is written: from what was asked for to what belongs to it. */
const BELONGINGS = `
  cross join template_revisions r on r.tenant_id = l.tenant_id and r.template_id = l.template_id and r.rev = l.template_rev
  cross join products p on p.tenant_id = l.tenant_id and p.id = l.product_id`;

/** A device may have an activation by an emergency code beside its own: while that is in force, it is the one that asks. */
const BY_KEY = `select ${COLUMNS} from licenses l ${BELONGINGS}
  left join activations a on a.tenant_id = l.tenant_id and a.license_id = l.id and a.released_at is null
    and a.device_hash in (select value from json_each(?5)) and (a.type <> 'emergency' or a.ends_at > ?2)
  where l.tenant_id = ?1 and l.key_hash in (select value from json_each(?4))
  order by a.type = 'emergency' desc limit 1`;

const BY_ACTIVATION = `select ${COLUMNS} from activations a
  cross join licenses l on l.tenant_id = a.tenant_id and l.id = a.license_id ${BELONGINGS}
  where a.tenant_id = ?1 and a.id = ?4`;

/** What is suspected of a device, and since when. */
export type Marks = { cloneSuspectedAt: Date | null; integrityFailedAt: Date | null };

type MarksColumns = { clone_suspected_at: number | null; integrity_failed_at: number | null };

const marksOf = (row: MarksColumns | undefined): Marks => ({
  cloneSuspectedAt: instant(row?.clone_suspected_at ?? null),
  integrityFailedAt: instant(row?.integrity_failed_at ?? null),
});

/** Only devices that left with a mark are looked at, which are few; whether they came back since is asked of those alone. */
const LEFT_BY = `select m.clone_suspected_at, m.integrity_failed_at from licenses l
  cross join activations m indexed by activations_marked on m.tenant_id = l.tenant_id and m.license_id = l.id
  where l.tenant_id = ?1 and l.key_hash in (select value from json_each(?2)) and m.device_hash in (select value from json_each(?3))
    and m.released_at is not null and (m.clone_suspected_at is not null or m.integrity_failed_at is not null)
    and not exists (select 1 from activations n indexed by activations_license
      where n.tenant_id = m.tenant_id and n.license_id = m.license_id and n.id > m.id
        and n.device_hash in (select value from json_each(?3)))
  order by m.id desc limit 1`;

/**
 * The keys that sign decisions, first those that may sign everything else too, the newest first. One that waits for its keyset stands at the
 * end: decisions are verified with the JWKS, so where its forerunner was revoked they need not wait for the tenant. Each is one JSON object
 * `k`, for a statement that reads the tenant.
 */
export const SIGNING_KEYS = `select json_object('kid', kid, 'private_key', private_key, 'product_ids', product_ids) as k
  from signing_keys where tenant_id = tenants.id and retired_at is null and revoked_at is null
  order by pending_since is not null, created_at desc, kid`;

/** A license as it stands in a row, with everything that decides; only `askedFrom` looks into it. */
export type AskedRow = {
  id: string;
  product_id: string;
  product_code: string;
  type: LicenseType;
  overrides: string;
  terms: string;
  starts_at: number;
  expiry_basis: ExpiryBasis;
  activated_at: number | null;
  first_validated_at: number | null;
  last_validated_at: number | null;
  expires_at: number | null;
  grace_until: number | null;
  maintenance_until: number | null;
  converted_at: number | null;
  canceled_at: number | null;
  revoked_at: number | null;
  holds: string;
  version: number;
  held: number;
  place: number | null;
  cores_held: number;
  cores_place: number | null;
  users_held: number;
  users_place: number | null;
  trial_elsewhere: number;
  shut_out: BlacklistKind | null;
  version_released_at: number | null;
  /** whether the tenant has shut out any address: then it matters from where somebody asks */
  ranges: number;
  /** the place of the shard's newest event at the moment of reading */
  position: number;
} & ({ a_id: null } | ActivationColumns);

type ActivationColumns = {
  a_id: string;
  a_type: AskingActivation["type"];
  device_hash: string;
  user_ref: string | null;
  generation: number;
  metrics: string;
  a_version: number;
  a_activated_at: number;
  last_seen_at: number;
  heartbeat_at: number | null;
  lease_expires_at: number | null;
  ends_at: number | null;
  clone_suspected_at: number | null;
  integrity_failed_at: number | null;
  released_at: number | null;
};

async function answered(statement: Statement, how: How): Promise<Asked | undefined> {
  const row = await statement.first<AskedRow>();
  return row === null ? undefined : askedFrom(row, how);
}

/** A signing key as its row was written into JSON. */
export type SigningKeyColumns = { kid: string; private_key: string; product_ids: string };

/** A signing key out of its columns. */
export const readKey = ({ kid, private_key: privateKey, product_ids: productIds }: SigningKeyColumns): SigningKey => ({
  kid,
  privateKey,
  productIds: JSON.parse(productIds) as string[],
});

/** What was asked for, out of its row, judged at `at`: whoever holds a seat by then is known to hold it. */
export function askedFrom(row: AskedRow, { at, version }: Pick<How, "at" | "version">): Asked {
  const terms = effectiveTerms(JSON.parse(row.terms) as TemplateTerms, JSON.parse(row.overrides) as TermsOverrides);
  const activation = row.a_id === null ? null : activationOf(row);
  const holds = activation !== null && activation.type !== "emergency" && holdsSeat(activation, terms, at);
  return {
    snapshot: {
      license: lifeOf(row),
      product: { id: row.product_id, code: row.product_code },
      terms,
      activation,
      counts: countsOf(row, terms, holds),
      versionReleasedAt: instant(row.version_released_at),
      versionUnknown: version !== undefined && row.version_released_at === null,
      trialHeldElsewhere: row.trial_elsewhere === 1,
      blacklisted: row.shut_out,
      usedUp: [],
    },
    license: {
      id: row.id,
      productId: row.product_id,
      version: row.version,
      firstValidatedAt: instant(row.first_validated_at),
      lastValidatedAt: instant(row.last_validated_at),
    },
    activation: row.a_id === null ? null : identityOf(row),
  };
}

function countsOf(row: AskedRow, { model }: TemplateTerms, holds: boolean): Counts {
  return {
    held: row.held,
    othersHeld: holds ? row.held - 1 : row.held,
    rankOfThisDevice: holds ? row.place : null,
    userHoldsSeat: model === "per_seat" && !holds && row.place !== null,
    cores: { used: row.cores_held, upToThis: holds ? row.cores_place : null },
    users: { used: row.users_held, upToThis: row.users_place },
  };
}

function lifeOf(row: AskedRow): Snapshot["license"] {
  return {
    startsAt: new Date(row.starts_at),
    expiryBasis: row.expiry_basis,
    activatedAt: instant(row.activated_at),
    expiresAt: instant(row.expires_at),
    graceUntil: instant(row.grace_until),
    maintenanceUntil: instant(row.maintenance_until),
    convertedAt: instant(row.converted_at),
    canceledAt: instant(row.canceled_at),
    revokedAt: instant(row.revoked_at),
    holds: row.holds === "[]" ? [] : (JSON.parse(row.holds) as Hold[]).map((hold) => ({ ...hold, at: new Date(hold.at) })),
  };
}

function activationOf(row: ActivationColumns): AskingActivation {
  return {
    id: row.a_id,
    type: row.a_type,
    user: row.user_ref,
    activatedAt: new Date(row.a_activated_at),
    lastHeartbeatAt: instant(row.heartbeat_at),
    leaseExpiresAt: instant(row.lease_expires_at),
    endsAt: instant(row.ends_at),
    cloneSuspectedAt: instant(row.clone_suspected_at),
    integrityFailedAt: instant(row.integrity_failed_at),
    releasedAt: instant(row.released_at),
  };
}

function identityOf(row: ActivationColumns): NonNullable<Asked["activation"]> {
  return {
    id: row.a_id,
    deviceHash: row.device_hash,
    generation: row.generation,
    version: row.a_version,
    metrics: JSON.parse(row.metrics) as Metrics,
    lastSeenAt: new Date(row.last_seen_at),
  };
}

const instant = (ms: number | null) => (ms === null ? null : new Date(ms));
