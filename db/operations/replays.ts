import type { Asking, Statement, Told } from "../commit.ts";
import { commit } from "../commit.ts";
import { isSentTo } from "../webhooks/queues.ts";
import { SUBSCRIBES } from "../webhooks/subscribing.ts";
import { overOperation } from "./overwriting.ts";
import type { ReplayOnly } from "#rules/licensing/operations";
import type { operations } from "./tables.ts";

type OperationRow = typeof operations.$inferSelect;

/** Which events an operation sends to an endpoint again: those that happened in this span, told by patterns. Instants in milliseconds, as it is stored. */
export type ReplaySpan = { endpointId: string; from: number; to: number; patterns: readonly string[] | null };

/** The numbers between which they are. */
export type SeqRange = { firstSeq: number; lastSeq: number };

/** An event that has its turn, and whether the endpoint has got it, or is about to. */
export type EventToReplay = { seq: number; has: boolean };

/** Events that an endpoint is sent: all of them, or those that it has not got by the moment of writing. */
type ToSend = { seqs: readonly number[]; only: ReplayOnly };

/** What of a replay waits to be sent: how many deliveries, and when the first of them is due. */
export type Waiting = { count: number; dueAt: Date | null };

/** How long after an event was numbered its instant may lie, and before: a request takes that long at most. */
const SLACK_MS = 3_600_000;
/** Deliveries are kept that long, and so are what replays left of them. */
const KEPT_MS = 31 * 86_400_000;

/** What of the events belongs to a span, of an endpoint `e` and an event `told`. */
const IN_SPAN = `told.at >= ?3 and told.at < ?4 and ${SUBSCRIBES}
  and (?5 is null or exists (
    select 1 from json_each(?5) p where p.value in ('*', told.type, substr(told.type, 1, instr(told.type, '.')) || '*')))`;

const OF_ENDPOINT = "webhook_endpoints e on e.tenant_id = told.tenant_id and e.id = ?2 and e.deleted_at is null";

/**
 * Whether the endpoint has got the event or is about to: by the delivery that was written with it, whose id begins with the same instant, or by that
 * of a replay.
 */
const HAS = `exists (
    select 1 from deliveries d indexed by deliveries_endpoint
    where d.tenant_id = told.tenant_id and d.endpoint_id = e.id and d.event_seq = told.seq and d.state in ('pending', 'succeeded')
      and d.id >= 'del_' || substr(told.id, 5, 12) and d.id < 'del_' || substr(told.id, 5, 12) || '~')
  or exists (
    select 1 from replays r cross join deliveries d indexed by deliveries_replay
    on d.tenant_id = told.tenant_id and d.replay_id = r.id and d.endpoint_id = e.id and d.event_seq = told.seq
    where d.state in ('pending', 'succeeded'))`;

/** What replays of a span of events need: sent again are the events as they were, to what the endpoint subscribes to by now. */
export function replaysOf(asking: Asking) {
  const { d1, tenantId, realNow } = asking;
  const spanOf = ({ endpointId, from, to, patterns }: ReplaySpan) =>
    [tenantId, endpointId, from, to, patterns && JSON.stringify(patterns)] as const;

  return {
    /** How many events the span has now, and between which numbers. A live tenant's are found by their ids, which begin with the same instant. */
    surveyReplay: async (span: ReplaySpan, isLive: boolean): Promise<SeqRange & { total: number }> => {
      const [first, last] = isLive ? [span.from - SLACK_MS, Math.min(span.to, realNow.getTime()) + SLACK_MS] : [0, null];
      const found = await d1
        .prepare(
          `select coalesce(min(told.seq), 1) as firstSeq, coalesce(max(told.seq), 0) as lastSeq, count(*) as total
           from events told indexed by events_id join ${OF_ENDPOINT}
           where told.tenant_id = ?1 and told.id >= ?6 and told.id < ?7 and ${IN_SPAN}`,
        )
        .bind(...spanOf(span), `evt_${idAt(asking, first)}`, last === null ? "evt_~" : `evt_${idAt(asking, last)}~`)
        .first<SeqRange & { total: number }>();
      return found ?? { firstSeq: 1, lastSeq: 0, total: 0 };
    },

    /** The next events of the span behind the number `after` up to `upTo`, at most `limit`, in their order. */
    eventsToReplay: async (
      span: ReplaySpan,
      { after, upTo, limit }: { after: number; upTo: number; limit: number },
    ): Promise<EventToReplay[]> => {
      const { results } = await d1
        .prepare(
          `with replays as materialized (
             select id from operations where tenant_id = ?1 and id >= ?6 and kind = 'webhooks.replay' and params ->> '$.endpointId' = ?2)
           select told.seq, (${HAS}) as has from events told join ${OF_ENDPOINT}
           where told.tenant_id = ?1 and told.seq > ?7 and told.seq <= ?8 and ${IN_SPAN}
           order by told.seq limit ?9`,
        )
        .bind(...spanOf(span), `op_${idAt(asking, realNow.getTime() - KEPT_MS)}`, after, upTo, limit)
        .all<{ seq: number; has: number }>();
      return results.map(({ seq, has }) => ({ seq, has: has === 1 }));
    },

    /** What of a replay has not arrived yet, of what has had its turn; `most` are counted. */
    replayWaiting: async (
      { id }: OperationRow,
      { endpointId }: ReplaySpan,
      { firstSeq, position, most }: { firstSeq: number; position: number; most: number },
    ): Promise<Waiting> => {
      const found = await d1
        .prepare(
          `select count(*) as count, min(next_at) as dueAt from (
             select max(next_at, coalesce(lease_until, 0)) as next_at from deliveries indexed by deliveries_order
             where tenant_id = ?1 and endpoint_id = ?2 and state = 'pending' and event_seq between ?3 and ?4 and replay_id = ?5 limit ?6)`,
        )
        .bind(tenantId, endpointId, firstSeq, position, id, most)
        .first<{ count: number; dueAt: number | null }>();
      return { count: found?.count ?? 0, dueAt: found?.dueAt == null ? null : new Date(found.dueAt) };
    },

    /** Sends events to the endpoint again, and notes how far that has come; undefined where the operation was changed since it was read, or the endpoint is not sent to. */
    advanceReplay: async (row: OperationRow, endpointId: string, { seqs, only }: ToSend, told: Told) => {
      const statements = [
        ...overOperation(asking, row),
        isSentTo(asking, endpointId),
        sentAgain(asking, row.id, endpointId, { seqs, only }),
      ];
      const done = await commit(asking, statements, told);
      if (done && seqs.length > 0) asking.ring({ deliveries: true, events: [] });
      return done;
    },
  };
}

/** Deliveries of events that happened, each once a replay. What is missing is asked again here: another replay may have sent it since it was read. */
function sentAgain(asking: Asking, replayId: string, endpointId: string, { seqs, only }: ToSend): Statement {
  const { d1, tenantId, realNow } = asking;
  const now = realNow.getTime();
  return d1
    .prepare(
      `with replays as materialized (
         select id from operations where tenant_id = ?1 and id >= ?7 and kind = 'webhooks.replay' and params ->> '$.endpointId' = ?2)
       insert into deliveries (tenant_id, id, endpoint_id, event_seq, event_id, event_type, state, attempts, next_at, created_at, replay_id)
       select told.tenant_id, ?3 || lower(hex(randomblob(8))), e.id, told.seq, told.id, told.type, 'pending', 0, ?4, ?4, ?5
       from events told join ${OF_ENDPOINT}
       where told.tenant_id = ?1 and told.seq in (select value from json_each(?6)) and (?8 = 'all' or not (${HAS})) order by told.seq
       on conflict do nothing`,
    )
    .bind(
      tenantId,
      endpointId,
      `del_${idAt(asking, now)}`,
      now,
      replayId,
      JSON.stringify(seqs),
      `op_${idAt(asking, now - KEPT_MS)}`,
      only,
    );
}

/** What stands behind the prefix in ids of an instant: shard and time. */
const idAt = ({ newId }: Asking, atMs: number): string => newId("event", new Date(Math.max(0, atMs))).slice("evt_".length, -16);
