import { purgeDeliveries } from "./webhooks/purge.ts";

const DAY_MS = 24 * 3_600_000;
const ROWS_AT_ONCE = 500;
const ROUNDS = 40;
/** How long a delivery that ended, or that waits at a disabled endpoint, can be looked up and sent again. The event itself stays. */
const KEEP_DELIVERIES_MS = 30 * DAY_MS;

/** What ages, and how old it may become. Each statement takes at most `ROWS_AT_ONCE` rows by an index, so that no round holds the database long. */
const AGING = {
  /** A caller may ask for its answer again for 30 days. */
  idempotency_keys: {
    keepMs: 30 * DAY_MS,
    sql: "delete from idempotency_keys where rowid in (select rowid from idempotency_keys where created_at < ?1 limit ?2)",
  },
  /** A provider repeats its events for days, never for months. */
  provider_events: {
    keepMs: 90 * DAY_MS,
    sql: "delete from provider_events where rowid in (select rowid from provider_events where received_at < ?1 and applied_at is not null limit ?2)",
  },
  /** A story that is over can be looked up for a month. Of what it did, the log of its tenant tells on. */
  stories: {
    keepMs: 30 * DAY_MS,
    sql: `delete from stories where rowid in (
      select rowid from stories indexed by stories_age where ended_at is not null and ended_at < ?1 order by ended_at limit ?2)`,
  },
  /** What was mailed to whom can be looked up, and sent again, for a season; its attempts go with it. */
  notices: {
    keepMs: 90 * DAY_MS,
    sql: `delete from notices where rowid in (
      select rowid from notices where ended_at is not null and ended_at < ?1 order by ended_at limit ?2)`,
  },
  /** Sweeps are made by the hour. */
  lifecycle_runs: {
    keepMs: 90 * DAY_MS,
    sql: `delete from lifecycle_runs where rowid in (
      select rowid from lifecycle_runs where ended_at is not null and ended_at < ?1 order by ended_at limit ?2)`,
  },
  /** What programs told of their files is evidence for a season. */
  integrity_checks: {
    keepMs: 90 * DAY_MS,
    sql: "delete from integrity_checks where rowid in (select rowid from integrity_checks where created_at < ?1 limit ?2)",
  },
  /** What came of each license of a long work, once that has ended. */
  operation_results: {
    keepMs: 90 * DAY_MS,
    sql: `delete from operation_results where rowid in (
      select r.rowid from operations o join operation_results r on r.tenant_id = o.tenant_id and r.operation_id = o.id
      where o.finished_at < ?1 limit ?2)`,
  },
  /** What is left of an upload goes with its end; this finds what no end took away. */
  operation_chunks: {
    keepMs: 0,
    sql: `delete from operation_chunks where rowid in (
      select c.rowid from operation_chunks c join operations o on o.tenant_id = c.tenant_id and o.id = c.operation_id
      where o.status <> 'running' and o.finished_at < ?1 limit ?2)`,
  },
  /** Copies of ordered licenses' keys whose time is over, where a tenant keeps digests alone. */
  sealed_keys: {
    keepMs: 0,
    sql: "update licenses set key_sealed = null, key_sealed_until = null where rowid in (select rowid from licenses where key_sealed_until is not null and key_sealed_until < ?1 limit ?2)",
  },
  /**
   * What a device that gave its seat back, or had an emergency, has of a status list: a list is good for a week, so that none that speaks of
   * its old files is left when its place is given to another. Nobody asks for a seat again that was released, nor for an emergency that is over.
   */
  offline_devices: {
    keepMs: 14 * DAY_MS,
    sql: `delete from offline_devices where rowid in (
      select d.rowid from offline_devices d indexed by offline_devices_aging
      cross join activations a on a.tenant_id = d.tenant_id and a.id = d.activation_id
      where d.expires_at < ?1 and (a.released_at is not null or (a.type = 'emergency' and a.ends_at < ?1)) limit ?2)`,
  },
  /** Requests and receipts of devices that are gone. Those of a device that is still there stay, however old: none of them may count twice. */
  offline_requests: {
    keepMs: 400 * DAY_MS,
    sql: `delete from offline_requests where rowid in (
      select r.rowid from offline_requests r indexed by offline_requests_aging
      where r.created_at < ?1 and not exists (
        select 1 from offline_devices d where d.tenant_id = r.tenant_id and d.activation_id = r.activation_id) limit ?2)`,
  },
} as const;

/** How many rows of each kind were taken away. */
export type Purged = Record<keyof typeof AGING | "deliveries", number>;

/** Takes away what has aged, in rounds; what is left when the rounds are used up goes the next time. */
export async function purge(d1: D1Database, realNow: Date): Promise<Purged> {
  const aged = async ({ sql, keepMs }: { sql: string; keepMs: number }) =>
    inRounds(
      async () =>
        (
          await d1
            .prepare(sql)
            .bind(realNow.getTime() - keepMs, ROWS_AT_ONCE)
            .run()
        ).meta.changes,
    );
  const deliveriesBefore = new Date(realNow.getTime() - KEEP_DELIVERIES_MS);
  return {
    idempotency_keys: await aged(AGING.idempotency_keys),
    provider_events: await aged(AGING.provider_events),
    integrity_checks: await aged(AGING.integrity_checks),
    notices: await aged(AGING.notices),
    lifecycle_runs: await aged(AGING.lifecycle_runs),
    stories: await aged(AGING.stories),
    sealed_keys: await aged(AGING.sealed_keys),
    operation_results: await aged(AGING.operation_results),
    operation_chunks: await aged(AGING.operation_chunks),
    offline_devices: await aged(AGING.offline_devices),
    offline_requests: await aged(AGING.offline_requests),
    deliveries: await inRounds(() => purgeDeliveries(d1, deliveriesBefore, ROWS_AT_ONCE)),
  };
}

async function inRounds(round: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let i = 0; i < ROUNDS; i++) {
    const rows = await round();
    total += rows;
    if (rows < ROWS_AT_ONCE) break;
  }
  return total;
}
