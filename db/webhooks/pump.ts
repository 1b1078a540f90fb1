import { and, eq, sql } from "drizzle-orm";
import { dbOf } from "../db.ts";
import { events } from "../events/tables.ts";
import { tenants } from "../tenants/tables.ts";
import { DEFAULT_SETTINGS } from "#rules/tenants/settings";
import type { DeliveryState } from "#rules/webhooks/states";
import { deliveries, webhookEndpoints, webhookQueues } from "./tables.ts";

// What the pump of a shard asks of its database, across tenants: the worker host's signed calls come here, and no tenant's request does.

export type DeliveryRef = { tenantId: string; id: string };
export type AttemptRef = DeliveryRef & { attempt: number };
export type EndpointRef = { tenantId: string; endpointId: string };

/** How many deliveries of one endpoint, and of one tenant, may be under way: an endpoint that hangs holds up itself, a tenant a part of the pump. */
const UNDER_WAY_PER_ENDPOINT = 10;
const UNDER_WAY_PER_TENANT = 100;
/** More a second than any rate. */
const RATE_MAX = 1_000_000;
/** An endpoint with a rate gets at a time what it takes in this part of a second. */
const CLAIMS_PER_S = 4;

/** Every endpoint with pending deliveries, found by leaping through the queue's index from one endpoint to the next; none when nothing is due. */
const QUEUES = `queues (tenant_id, endpoint_id) as (
  select tenant_id, endpoint_id from (
    select tenant_id, endpoint_id from deliveries indexed by deliveries_queue where state = 'pending' order by tenant_id, endpoint_id
    limit (select count(*) from (select 1 from deliveries where state = 'pending' and next_at <= ?1 limit 1))
  )
  union all
  select d.tenant_id, d.endpoint_id from queues q join deliveries d on d.rowid = coalesce(
    (select n.rowid from deliveries n indexed by deliveries_queue
     where n.state = 'pending' and n.tenant_id = q.tenant_id and n.endpoint_id > q.endpoint_id order by n.endpoint_id limit 1),
    (select n.rowid from deliveries n indexed by deliveries_queue
     where n.state = 'pending' and n.tenant_id > q.tenant_id order by n.tenant_id, n.endpoint_id limit 1)
  )
)`;

/** `rateOf` of the rules, in SQL: how many a second go to an endpoint at most; null = as many as it takes. */
const RATE = `coalesce(e.rate_per_s, case when w.catching_up_since is not null
  then min(coalesce(t.settings ->> '$.webhooks.catch_up_per_s', ${DEFAULT_SETTINGS.webhooks.catch_up_per_s}),
    coalesce(t.settings ->> '$.webhooks.rate_per_s', ${RATE_MAX})) else t.settings ->> '$.webhooks.rate_per_s' end)`;

/**
 * The first deliveries that an endpoint has not got, in order. What comes late, sent again by hand or by a replay, goes before what is under way: as many are
 * looked at as may have come so.
 */
const firstOf = (tenantId: string, endpointId: string, columns: string) =>
  `select rowid as id, ${columns} from deliveries indexed by deliveries_order
   where tenant_id = ${tenantId} and endpoint_id = ${endpointId} and state = 'pending' order by event_seq, rowid limit 200`;

/**
 * The head of each queue that is sent to: its due deliveries, the longest due first, whether they are under way or not; of one that wants them in
 * order, the first that it has not got. What a story tries by itself, and what has had enough for the moment, is left out. A lease counts that ends
 * after ?2.
 */
const HEADS = `heads as (
  select d.rowid as id, d.tenant_id, d.endpoint_id, d.next_at, coalesce(d.lease_until > ?2, 0) as under_way, ${RATE} as rate
  from queues q
  join webhook_endpoints e on e.tenant_id = q.tenant_id and e.id = q.endpoint_id and e.disabled_at is null and e.deleted_at is null
  join tenants t on t.id = q.tenant_id and t.closed_at is null
  left join webhook_queues w on w.tenant_id = q.tenant_id and w.endpoint_id = q.endpoint_id
  join deliveries d on d.rowid in (
    select id from (
      select h.rowid as id from deliveries h indexed by deliveries_queue
      where not e.fifo and h.tenant_id = q.tenant_id and h.endpoint_id = q.endpoint_id and h.state = 'pending' and h.next_at <= ?1
      order by h.next_at limit ${UNDER_WAY_PER_ENDPOINT})
    union all
    select id from (
      select h.rowid as id, h.next_at from deliveries h indexed by deliveries_order
      where e.fifo and h.tenant_id = q.tenant_id and h.endpoint_id = q.endpoint_id and h.state = 'pending'
      order by h.event_seq, h.rowid limit 1) head
    where next_at <= ?1 and not exists (
      select 1 from (${firstOf("q.tenant_id", "q.endpoint_id", "lease_until")}) l where l.lease_until > ?2 and l.id <> head.id)
  )
  where w.recovering_since is null and coalesce(w.paced_until, 0) <= ?1
)`;

/** Each tenant's turns: what is under way counts first, then each endpoint's first, then each one's second. */
const TURNS = `turns as (
  select id, next_at, under_way, waiting_place, rate, row_number() over (partition by tenant_id order by under_way desc, place, next_at) as turn
  from (select *, row_number() over (partition by tenant_id, endpoint_id order by next_at, id) as place,
    row_number() over (partition by tenant_id, endpoint_id, under_way order by next_at, id) as waiting_place from heads)
)`;

/** When the next delivery is due, or one that is due may be sent. */
const NEXT_AT = `select min(at) as nextAt from (
  select min(next_at) as at from deliveries indexed by deliveries_due where state = 'pending' and next_at > ?1
  union all
  select min(w.paced_until) from webhook_queues w where w.paced_until > ?1 and exists (
    select 1 from deliveries d where d.tenant_id = w.tenant_id and d.endpoint_id = w.endpoint_id and d.state = 'pending' and d.next_at <= ?1))`;

/**
 * Leases due deliveries: every tenant's first before anybody's second, at most 10 of an endpoint and 100 of a tenant under way. Of several that
 * claim at once no two get the same delivery. `nextAt` is when the next one that waits is due. Leases from before `since` count no more: whoever
 * held them is known to have died.
 */
export async function leaseDue(
  d1: D1Database,
  { now, limit, leaseMs, since = null }: { now: Date; limit: number; leaseMs: number; since?: Date | null },
): Promise<{ leased: DeliveryRef[]; nextAt: Date | null }> {
  const countsAfter = Math.max(now.getTime(), since === null ? 0 : since.getTime() + leaseMs - 1);
  const lease = d1
    .prepare(
      `with recursive ${QUEUES}, ${HEADS}, ${TURNS}
       update deliveries set lease_until = ?3
       where rowid in (select id from turns where not under_way and turn <= ${UNDER_WAY_PER_TENANT}
         and (rate is null or waiting_place <= max(1, rate / ${CLAIMS_PER_S})) order by turn, next_at limit ?4)
       returning tenant_id as tenantId, id`,
    )
    .bind(now.getTime(), countsAfter, now.getTime() + leaseMs, limit);
  const next = d1.prepare(NEXT_AT).bind(now.getTime());
  const [leased, waiting] = await d1.batch(limit > 0 ? [lease, next] : [d1.prepare("select 1 where false"), next]);
  const { nextAt } = (waiting?.results[0] ?? { nextAt: null }) as { nextAt: number | null };
  return { leased: (leased?.results ?? []) as DeliveryRef[], nextAt: nextAt === null ? null : new Date(nextAt) };
}

/**
 * Since when the delivery is due that the pump should have taken first; null when there is none. What an endpoint itself holds up is not the pump's: one
 * that is away, that has its rate, or that has deliveries under way.
 */
export async function longestDue(d1: D1Database, now: Date): Promise<Date | null> {
  const row = await d1
    .prepare(
      `with recursive ${QUEUES}, ${HEADS},
       watched as (select tenant_id, endpoint_id, min(next_at) as next_at, sum(under_way) as under_way, max(rate) as rate from heads group by 1, 2)
       select min(next_at) as at from (select *, sum(under_way) over (partition by tenant_id) as of_tenant from watched)
       where under_way = 0 and rate is null and of_tenant < ${UNDER_WAY_PER_TENANT}`,
    )
    .bind(now.getTime(), now.getTime())
    .first<{ at: number | null }>();
  return row?.at == null ? null : new Date(row.at);
}

type Lease = { now: Date; leaseMs: number };

/** Leases the delivery that comes next in the order of an endpoint's events, where it is due; it is how a fifo endpoint goes on at once. */
export const leaseNextInOrder = (d1: D1Database, endpoint: EndpointRef, lease: Lease): Promise<DeliveryRef[]> =>
  leaseFirst(
    d1,
    endpoint,
    lease,
    `and next_at <= ?3 and exists (
       select 1 from webhook_endpoints e join tenants t on t.id = e.tenant_id and t.closed_at is null
       left join webhook_queues w on w.tenant_id = e.tenant_id and w.endpoint_id = e.id
       where e.tenant_id = ?1 and e.id = ?2 and e.fifo and e.disabled_at is null and e.deleted_at is null
         and w.recovering_since is null and coalesce(w.paced_until, 0) <= ?3)`,
  );

/** Leases the delivery that an endpoint was to get first of those it has not got, whenever it is due: a story tries the endpoint with it. */
export const leaseForProbe = (d1: D1Database, endpoint: EndpointRef, lease: Lease): Promise<DeliveryRef[]> =>
  leaseFirst(d1, endpoint, lease, "");

async function leaseFirst(
  d1: D1Database,
  { tenantId, endpointId }: EndpointRef,
  { now, leaseMs }: Lease,
  where: string,
): Promise<DeliveryRef[]> {
  const { results } = await d1
    .prepare(
      `update deliveries set lease_until = ?4
       where rowid = (
         select d.rowid from deliveries d indexed by deliveries_order
         where d.tenant_id = ?1 and d.endpoint_id = ?2 and d.state = 'pending' order by d.event_seq, d.rowid limit 1)
         and not exists (select 1 from (${firstOf("?1", "?2", "lease_until")}) l where l.lease_until > ?3) ${where}
       returning tenant_id as tenantId, id`,
    )
    .bind(tenantId, endpointId, now.getTime(), now.getTime() + leaseMs)
    .all<DeliveryRef>();
  return results;
}

/** Lets nothing be sent to endpoints until an instant: each has got for the moment what its rate allows. */
export async function pace(d1: D1Database, endpoints: readonly (EndpointRef & { until: number })[]): Promise<void> {
  if (endpoints.length === 0) return;
  await d1
    .prepare(
      `insert into webhook_queues (tenant_id, endpoint_id, failures, paced_until)
       select value ->> 'tenantId', value ->> 'endpointId', 0, value ->> 'until' from json_each(?1) where true
       on conflict (tenant_id, endpoint_id) do update set paced_until = max(coalesce(paced_until, 0), excluded.paced_until)`,
    )
    .bind(JSON.stringify(endpoints))
    .run();
}

/** Endpoints that have got all that waited for them while they were away take as much again as they can. */
export async function endCatchingUp(d1: D1Database, endpoints: readonly EndpointRef[]): Promise<void> {
  if (endpoints.length === 0) return;
  await d1
    .prepare(
      `update webhook_queues set catching_up_since = null
       where (tenant_id, endpoint_id) in (select value ->> 'tenantId', value ->> 'endpointId' from json_each(?1))
         and not exists (
           select 1 from deliveries d where d.tenant_id = webhook_queues.tenant_id and d.endpoint_id = webhook_queues.endpoint_id
             and d.state = 'pending' and d.created_at < webhook_queues.catching_up_since)`,
    )
    .bind(JSON.stringify(endpoints.map(({ tenantId, endpointId }) => ({ tenantId, endpointId }))))
    .run();
}

/** What came of sending to an endpoint: how many attempts in a row failed, and since when nothing arrived. */
export type QueueHealth = EndpointRef & { failures: number; failingSince: Date; recoveringSince: Date | null };

/**
 * Counts attempts: one that arrived ends a row of failures, others lengthen it. Answers how those stand that failed now.
 * `arrived` names only endpoints that had failed before, so that for others nothing is written.
 */
export async function countAttempts(
  d1: D1Database,
  { arrived, failed, now }: { arrived: readonly EndpointRef[]; failed: readonly (EndpointRef & { times: number })[]; now: Date },
): Promise<QueueHealth[]> {
  if (arrived.length + failed.length === 0) return [];
  const ended = d1
    .prepare(
      `update webhook_queues set failures = 0, failing_since = null
       where (tenant_id, endpoint_id) in (select value ->> 'tenantId', value ->> 'endpointId' from json_each(?1))`,
    )
    .bind(JSON.stringify(arrived));
  const lengthened = d1
    .prepare(
      `insert into webhook_queues (tenant_id, endpoint_id, failures, failing_since)
       select value ->> 'tenantId', value ->> 'endpointId', value ->> 'times', ?2 from json_each(?1) where true
       on conflict (tenant_id, endpoint_id) do update
         set failures = failures + excluded.failures, failing_since = coalesce(failing_since, excluded.failing_since)
       returning tenant_id as tenantId, endpoint_id as endpointId, failures, failing_since as failingSince, recovering_since as recoveringSince`,
    )
    .bind(JSON.stringify(failed), now.getTime());
  const [, counted] = await d1.batch<QueueHealthColumns>([ended, lengthened]);
  return (counted?.results ?? []).map((row) => ({
    ...row,
    failingSince: new Date(row.failingSince),
    recoveringSince: row.recoveringSince === null ? null : new Date(row.recoveringSince),
  }));
}

type QueueHealthColumns = EndpointRef & { failures: number; failingSince: number; recoveringSince: number | null };

/**
 * Gives back the leases of deliveries that would make one answer too large: those behind the first `bytes` of event data, in the order of
 * `leased`; the first one is always kept. Answers what is kept.
 */
export async function keepWithin(d1: D1Database, leased: readonly DeliveryRef[], bytes: number): Promise<DeliveryRef[]> {
  if (leased.length < 2) return [...leased];
  const { results } = await d1
    .prepare(
      `update deliveries set lease_until = null where rowid in (
         select id from (
           select d.rowid as id, r.key as place, sum(octet_length(e.data)) over (order by r.key) as so_far
           from json_each(?1) r
           cross join deliveries d on d.tenant_id = r.value ->> 'tenantId' and d.id = r.value ->> 'id'
           join events e on e.tenant_id = d.tenant_id and e.seq = d.event_seq
         ) where place > 0 and so_far > ?2
       ) returning id`,
    )
    .bind(JSON.stringify(leased), bytes)
    .all<{ id: string }>();
  const givenBack = new Set(results.map(({ id }) => id));
  return leased.filter(({ id }) => !givenBack.has(id));
}

export type LeasedDelivery = Awaited<ReturnType<typeof readLeased>>[number];

/** What is sent with deliveries: the fact, where to, and what signs it. */
export async function readLeased(d1: D1Database, refs: readonly DeliveryRef[]) {
  return dbOf(d1)
    .select({
      delivery: deliveries,
      event: events,
      endpoint: webhookEndpoints,
      queue: webhookQueues,
      livemode: tenants.livemode,
      settings: tenants.settings,
      dataKey: tenants.dataKey,
    })
    .from(deliveries)
    .innerJoin(events, and(eq(events.tenantId, deliveries.tenantId), eq(events.seq, deliveries.eventSeq)))
    .innerJoin(
      webhookEndpoints,
      and(eq(webhookEndpoints.tenantId, deliveries.tenantId), eq(webhookEndpoints.id, deliveries.endpointId)),
    )
    .leftJoin(
      webhookQueues,
      and(eq(webhookQueues.tenantId, deliveries.tenantId), eq(webhookQueues.endpointId, deliveries.endpointId)),
    )
    .innerJoin(tenants, eq(tenants.id, deliveries.tenantId))
    .where(
      sql`(${deliveries.tenantId}, ${deliveries.id}) in (select value ->> 'tenantId', value ->> 'id' from json_each(${JSON.stringify(refs)}))`,
    );
}

/** Those of the named attempts that are news: made, and not recorded yet. With what decides how the delivery goes on. */
export async function unrecorded(d1: D1Database, refs: readonly AttemptRef[]) {
  const named = sql`(select value ->> 'tenantId', value ->> 'id', value ->> 'attempt' - 1 from json_each(${JSON.stringify(refs)}))`;
  return dbOf(d1)
    .select({
      tenantId: deliveries.tenantId,
      id: deliveries.id,
      endpointId: deliveries.endpointId,
      attempts: deliveries.attempts,
      resentAfter: deliveries.resentAfter,
      maxAttempts: webhookEndpoints.maxAttempts,
      fifo: webhookEndpoints.fifo,
      onExhausted: webhookEndpoints.onExhausted,
      origin: webhookEndpoints.origin,
      failures: webhookQueues.failures,
      catchingUpSince: webhookQueues.catchingUpSince,
      settings: tenants.settings,
    })
    .from(deliveries)
    .innerJoin(
      webhookEndpoints,
      and(eq(webhookEndpoints.tenantId, deliveries.tenantId), eq(webhookEndpoints.id, deliveries.endpointId)),
    )
    .leftJoin(
      webhookQueues,
      and(eq(webhookQueues.tenantId, deliveries.tenantId), eq(webhookQueues.endpointId, deliveries.endpointId)),
    )
    .innerJoin(tenants, eq(tenants.id, deliveries.tenantId))
    .where(
      and(sql`(${deliveries.tenantId}, ${deliveries.id}, ${deliveries.attempts}) in ${named}`, eq(deliveries.state, "pending")),
    );
}

/** An attempt as it went, and what it makes of its delivery. Instants in milliseconds: the row travels as JSON. */
export type RecordedAttempt = AttemptRef & {
  attemptId: string;
  at: number;
  durationMs: number;
  status: number | null;
  error: string | null;
  detail: string | null;
  answer: string | null;
  state: DeliveryState;
  nextAt: number;
  endedAt: number | null;
};

/** Records attempts and what follows from them, all or nothing; one that was recorded before changes nothing. Answers which were new. */
export async function recordAttempts(d1: D1Database, rows: readonly RecordedAttempt[]): Promise<AttemptRef[]> {
  const json = JSON.stringify(rows);
  const made = d1.prepare(
    `insert into attempts (tenant_id, delivery_id, number, id, at, duration_ms, status, error, detail, answer)
     select d.tenant_id, d.id, r.value ->> 'attempt', r.value ->> 'attemptId', r.value ->> 'at', r.value ->> 'durationMs',
       r.value ->> 'status', r.value ->> 'error', r.value ->> 'detail', r.value ->> 'answer'
     from json_each(?1) r
     cross join deliveries d on d.tenant_id = r.value ->> 'tenantId' and d.id = r.value ->> 'id'
     where d.state = 'pending' and d.attempts = (r.value ->> 'attempt') - 1`,
  );
  const followed = d1.prepare(
    `update deliveries set attempts = r.attempt, state = r.state, next_at = r.next_at, lease_until = null,
       last_status = r.status, last_error = r.error, ended_at = r.ended_at
     from (
       select value ->> 'tenantId' as tenant_id, value ->> 'id' as id, value ->> 'attempt' as attempt, value ->> 'state' as state,
         value ->> 'nextAt' as next_at, value ->> 'status' as status, value ->> 'error' as error, value ->> 'endedAt' as ended_at
       from json_each(?1)
     ) r
     where deliveries.tenant_id = r.tenant_id and deliveries.id = r.id and deliveries.state = 'pending' and deliveries.attempts = r.attempt - 1
     returning tenant_id as tenantId, id, attempts as attempt`,
  );
  const [, changed] = await d1.batch<AttemptRef>([made.bind(json), followed.bind(json)]);
  return changed?.results ?? [];
}
