const DAY_MS = 24 * 3_600_000;
const ROWS_AT_ONCE = 500;
const ROUNDS = 40;

/** What ages, and how old it may become. Each statement takes at most `ROWS_AT_ONCE` rows by an index, so that no round holds the database long. */
const AGING = {
  /** A caller may ask for its answer again for 30 days. */
  idempotency_keys: {
    keepMs: 30 * DAY_MS,
    sql: "delete from idempotency_keys where rowid in (select rowid from idempotency_keys where created_at < ?1 limit ?2)",
  },
  /** Deliveries that ended, with their attempts; the event itself stays. */
  deliveries: {
    keepMs: 30 * DAY_MS,
    sql: "delete from deliveries where rowid in (select rowid from deliveries where ended_at is not null and ended_at < ?1 limit ?2)",
  },
  /** A provider repeats its events for days, never for months. */
  provider_events: {
    keepMs: 90 * DAY_MS,
    sql: "delete from provider_events where rowid in (select rowid from provider_events where received_at < ?1 and applied_at is not null limit ?2)",
  },
  /** Copies of ordered licenses' keys whose time is over, where a tenant keeps digests alone. */
  sealed_keys: {
    keepMs: 0,
    sql: "update licenses set key_sealed = null, key_sealed_until = null where rowid in (select rowid from licenses where key_sealed_until is not null and key_sealed_until < ?1 limit ?2)",
  },
} as const;

/** How many rows of each kind were taken away. */
export type Purged = Record<keyof typeof AGING, number>;

/** Takes away what has aged, in rounds; what is left when the rounds are used up goes the next time. */
export async function purge(d1: D1Database, realNow: Date): Promise<Purged> {
  const purged: Purged = { idempotency_keys: 0, deliveries: 0, provider_events: 0, sealed_keys: 0 };
  for (const kind of Object.keys(AGING) as (keyof typeof AGING)[]) {
    const { sql, keepMs } = AGING[kind];
    for (let round = 0; round < ROUNDS; round++) {
      const { meta } = await d1
        .prepare(sql)
        .bind(realNow.getTime() - keepMs, ROWS_AT_ONCE)
        .run();
      // deleting a delivery deletes its attempts as well, and those count among the changes
      purged[kind] += meta.changes;
      if (meta.changes < ROWS_AT_ONCE) break;
    }
  }
  return purged;
}
