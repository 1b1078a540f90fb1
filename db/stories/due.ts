import { madeAt } from "#rules/ids";
import { missedSince } from "#rules/stories/lifecycle";
import type { WaitingEvent } from "../events/relay.ts";

/** A place among all the work of a database that demands a story, to go on behind. */
export type DuePlace = { source: number; tenantId: string; id: string };

type Source = { rows: string; id: string; open: string; late: string; event: string };

/**
 * Work that is under way only while a story carries it, and the fact that began that story. Each source is read from an index that holds this work
 * alone. `?4`: a try that was due before this instant is late.
 */
const SOURCES: readonly Source[] = [
  {
    rows: "orders r indexed by orders_unfulfilled",
    id: "r.id",
    open: "r.status = 'approved' and r.fulfillment_requested_at is not null",
    late: "?4 is not null",
    event: "order.fulfillment_requested",
  },
  {
    rows: "operations r indexed by operations_running",
    id: "r.id",
    open: "r.status = 'running'",
    late: "?4 is not null",
    event: "operation.created",
  },
  {
    rows: "webhook_queues r indexed by webhook_queues_recovering",
    id: "r.endpoint_id",
    open: "r.recovering_since is not null",
    late: `coalesce(r.probe_at, r.recovering_since) <= ?4 and exists (
      select 1 from webhook_endpoints w where w.tenant_id = r.tenant_id and w.id = r.endpoint_id and w.deleted_at is null and w.disabled_at is null)`,
    event: "webhook_endpoint.failing",
  },
  {
    rows: "test_clocks r indexed by test_clocks_advancing",
    id: "r.id",
    open: "r.status = 'advancing'",
    late: "?4 is not null",
    event: "test_clock.advance_requested",
  },
];

/** The newest fact of the kind that began the work; the relay must have carried it on, or it will do so yet. */
const sqlOf = ({ rows, id, open, late, event }: Source) =>
  `select r.tenant_id as owner, ${id} as object, ${late} as late, t.closed_at is null and e.dispatched_at is not null as carried,
     e.tenant_id, e.seq, e.id, e.type, e.subject_type, e.subject_id, e.at, t.livemode
   from ${rows} join tenants t on t.id = r.tenant_id
   left join events e on e.rowid = (
     select n.rowid from events n indexed by events_subject
     where n.tenant_id = r.tenant_id and n.subject_id = ${id} and n.type = '${event}' order by n.seq desc limit 1)
   where ${open} and (r.tenant_id, ${id}) > (?1, ?2) order by r.tenant_id, ${id} limit ?3`;

type Row = WaitingEvent & { owner: string; object: string; late: number; carried: number };

/**
 * The facts that began the stories of the next work that is due behind a place, in the order of sources; `next` is where to go on, null at the end. A
 * page may be empty before that: of the rows that it looked at none was due.
 */
export async function listDue(
  d1: D1Database,
  after: DuePlace | null,
  { limit, realNow }: { limit: number; realNow: Date },
): Promise<{ starts: WaitingEvent[]; next: DuePlace | null }> {
  const { source: n, tenantId, id } = after ?? { source: 0, tenantId: "", id: "" };
  const source = SOURCES[n];
  if (!source) return { starts: [], next: null };
  const missed = missedSince(realNow);
  const { results } = await d1.prepare(sqlOf(source)).bind(tenantId, id, limit, missed.tried.getTime()).all<Row>();
  const starts = results.filter(({ id, late, carried }) => {
    const told = late && carried ? madeAt(id) : undefined;
    return told !== undefined && told <= missed.told;
  });
  const last = results.length < limit ? undefined : results.at(-1);
  if (last) return { starts, next: { source: n, tenantId: last.owner, id: last.object } };
  return { starts, next: n + 1 < SOURCES.length ? { source: n + 1, tenantId: "", id: "" } : null };
}
