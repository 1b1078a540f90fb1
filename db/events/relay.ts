/** A fact that waits to be told to the stories. */
export type WaitingEvent = {
  tenant_id: string;
  seq: number;
  id: string;
  type: string;
  subject_type: string;
  subject_id: string;
  at: number;
  livemode: number;
};

type EventRef = { tenant_id: string; seq: number };

/**
 * Marks events as dispatched, and leases the oldest that wait, across the tenants of a database. Of several that claim at once no two get
 * the same event; one whose lease ran out is given again.
 */
export async function claimEvents(
  d1: D1Database,
  { done, limit, now, leaseMs }: { done: readonly EventRef[]; limit: number; now: Date; leaseMs: number },
): Promise<WaitingEvent[]> {
  const statements = [dispatched(d1, done, now), leased(d1, limit, now, leaseMs)];
  const [, claimed] = await d1.batch<WaitingEvent>(statements);
  return claimed?.results ?? [];
}

function dispatched(d1: D1Database, done: readonly EventRef[], now: Date): D1PreparedStatement {
  return d1
    .prepare(
      `update events set dispatched_at = ?2, lease_until = null
       where (tenant_id, seq) in (select value ->> 'tenant_id', value ->> 'seq' from json_each(?1)) and dispatched_at is null`,
    )
    .bind(JSON.stringify(done.map(({ tenant_id, seq }) => ({ tenant_id, seq }))), now.getTime());
}

/** Both kinds of waiting events are read from the index, each up to the limit; rows are numbered as they were written, so the lowest is the oldest. */
function leased(d1: D1Database, limit: number, now: Date, leaseMs: number): D1PreparedStatement {
  return d1
    .prepare(
      `update events set lease_until = ?2
       where rowid in (
         select id from (
           select id from (select rowid as id from events where dispatched_at is null and lease_until is null order by rowid limit ?3)
           union all
           select id from (select rowid as id from events where dispatched_at is null and lease_until <= ?1 order by lease_until limit ?3)
         ) order by id limit ?3
       )
       returning tenant_id, seq, id, type, subject_type, subject_id, at, (select livemode from tenants where tenants.id = events.tenant_id) as livemode`,
    )
    .bind(now.getTime(), now.getTime() + leaseMs, limit);
}

/** The id of the event that has waited longest for the relay; undefined when none waits. */
export async function longestWaitingEvent(d1: D1Database): Promise<string | undefined> {
  const row = await d1
    .prepare(
      `select id from events where rowid = (
         select min(id) from (
           select id from (select rowid as id from events indexed by events_waiting where dispatched_at is null and lease_until is null order by rowid limit 1)
           union all
           select min(rowid) as id from events indexed by events_waiting where dispatched_at is null and lease_until > 0))`,
    )
    .first<{ id: string }>();
  return row?.id;
}
