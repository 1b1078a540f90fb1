import type { AskingActivation, Snapshot } from "#rules/licensing/decide";
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
import { heldSeatsSql } from "./status.ts";

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
  /** read the tenant's signing keys in the same go */
  signingKeys?: boolean | undefined;
};

/**
 * The reads of the hot path: one prepared statement each (two with the signing keys, in one batch), because a query builder costs as much as
 * the query. What they find is bounded by the seats of one license; where nothing limits those, only whether others hold any is counted.
 */
export function askedOf({ d1, tenantId }: Asking) {
  return {
    /** By the digests of a license key and, where a device asks, of its fingerprint. Its activation counts only while it is not released. */
    byKey: ({ keyHashes, devices }: { keyHashes: readonly string[]; devices: readonly string[] }, how: How) => {
      const binds = [tenantId, how.at.getTime(), how.version ?? null, JSON.stringify(keyHashes), JSON.stringify(devices)];
      return answers(d1, tenantId, d1.prepare(BY_KEY).bind(...binds), how);
    },

    /** By an activation, released or not. */
    byActivation: (id: string, how: How) => {
      const binds = [tenantId, how.at.getTime(), how.version ?? null, id];
      return answers(d1, tenantId, d1.prepare(BY_ACTIVATION).bind(...binds), how);
    },
  };
}

const SEATS = heldSeatsSql("?2", "l");
const UNLIMITED = "(l.max_activations is null or l.model in ('site', 'enterprise'))";

const COLUMNS = `
  l.id, l.product_id, l.type, l.overrides, l.starts_at, l.expiry_basis, l.activated_at, l.first_validated_at, l.last_validated_at, l.expires_at,
  l.grace_until, l.maintenance_until, l.canceled_at, l.revoked_at, l.holds, l.version, r.terms, p.code as product_code,
  a.id as a_id, a.type as a_type, a.device_hash, a.user_ref, a.generation, a.metrics, a.version as a_version, a.activated_at as a_activated_at,
  a.last_seen_at, a.heartbeat_at, a.lease_expires_at, a.released_at,
  case when ${UNLIMITED} then (select count(*) from (select 1 ${SEATS} limit 2)) else (select count(*) ${SEATS}) end as held,
  case when ${UNLIMITED} or a.id is null then null
    else (select count(*) ${SEATS} and (h.activated_at, h.id) <= (a.activated_at, a.id)) end as place,
  (select v.released_at from product_versions v
    where v.tenant_id = l.tenant_id and v.product_id = l.product_id and v.version = ?3) as version_released_at`;

/** Joined crosswise, which SQLite carries out in the order that is written: from what was asked for to what belongs to it. */
const BELONGINGS = `
  cross join template_revisions r on r.tenant_id = l.tenant_id and r.template_id = l.template_id and r.rev = l.template_rev
  cross join products p on p.tenant_id = l.tenant_id and p.id = l.product_id`;

const BY_KEY = `select ${COLUMNS} from licenses l ${BELONGINGS}
  left join activations a on a.tenant_id = l.tenant_id and a.license_id = l.id and a.released_at is null
    and a.device_hash in (select value from json_each(?5))
  where l.tenant_id = ?1 and l.key_hash in (select value from json_each(?4)) limit 1`;

const BY_ACTIVATION = `select ${COLUMNS} from activations a
  cross join licenses l on l.tenant_id = a.tenant_id and l.id = a.license_id ${BELONGINGS}
  where a.tenant_id = ?1 and a.id = ?4`;

/** The keys that sign today, the newest first: there is one for everything, and at most one more for each product. */
const SIGNING_KEYS = `select kid, private_key, product_ids from signing_keys
  where tenant_id = ? and retired_at is null and revoked_at is null and pending_since is null order by created_at desc, kid`;

type Row = {
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
  canceled_at: number | null;
  revoked_at: number | null;
  holds: string;
  version: number;
  held: number;
  place: number | null;
  version_released_at: number | null;
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
  released_at: number | null;
};

async function answers(d1: D1Database, tenantId: string, asked: Statement, { at, signingKeys }: How) {
  if (!signingKeys) {
    const row = await asked.first<Row>();
    return { asked: row === null ? undefined : read(row, at), signingKeys: undefined };
  }
  const [found, keys] = await d1.batch([asked, d1.prepare(SIGNING_KEYS).bind(tenantId)]);
  const row = found?.results[0] as Row | undefined;
  return { asked: row && read(row, at), signingKeys: ((keys?.results ?? []) as KeyRow[]).map(readKey) };
}

type KeyRow = { kid: string; private_key: string; product_ids: string };

const readKey = ({ kid, private_key: privateKey, product_ids: productIds }: KeyRow): SigningKey => ({
  kid,
  privateKey,
  productIds: JSON.parse(productIds) as string[],
});

function read(row: Row, at: Date): Asked {
  const terms = effectiveTerms(JSON.parse(row.terms) as TemplateTerms, JSON.parse(row.overrides) as TermsOverrides);
  const activation = row.a_id === null ? null : activationOf(row);
  const holds = activation !== null && holdsSeat(activation, terms, at);
  const counts = { held: row.held, othersHeld: holds ? row.held - 1 : row.held, rankOfThisDevice: holds ? row.place : null };
  return {
    snapshot: {
      license: lifeOf(row),
      product: { id: row.product_id, code: row.product_code },
      terms,
      activation,
      counts,
      versionReleasedAt: instant(row.version_released_at),
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

function lifeOf(row: Row): Snapshot["license"] {
  return {
    startsAt: new Date(row.starts_at),
    expiryBasis: row.expiry_basis,
    activatedAt: instant(row.activated_at),
    expiresAt: instant(row.expires_at),
    graceUntil: instant(row.grace_until),
    maintenanceUntil: instant(row.maintenance_until),
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
