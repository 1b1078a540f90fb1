import { and, eq } from "drizzle-orm";
import { commit, guard, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { deliveries, webhookQueues } from "./tables.ts";

export type WebhookQueueRow = typeof webhookQueues.$inferSelect;

/** How sending to the endpoints of a tenant goes, and what changes that. */
export function webhookQueuesOf(asking: Asking) {
  const { d1, tenantId, realNow } = asking;
  const db = dbOf(d1);
  return {
    /** How sending to an endpoint goes; undefined where nothing ever failed. */
    byId: (id: string) =>
      db
        .select()
        .from(webhookQueues)
        .where(and(eq(webhookQueues.tenantId, tenantId), eq(webhookQueues.endpointId, id)))
        .get(),

    /** Whether anything waits for the endpoint. */
    hasWaiting: async (id: string): Promise<boolean> =>
      (await db
        .select({ id: deliveries.id })
        .from(deliveries)
        .where(and(eq(deliveries.tenantId, tenantId), eq(deliveries.endpointId, id), eq(deliveries.state, "pending")))
        .limit(1)
        .get()) !== undefined,

    /** From now on the pump leaves the endpoint alone; undefined where it does already, or the endpoint is not sent to. */
    startRecovery: ({ id }: { id: string }, probeAt: Date, told: Told) =>
      commit(
        asking,
        [
          isSentTo(asking, id),
          d1
            .prepare(
              `update webhook_queues set recovering_since = ?3, probe_at = ?4 where tenant_id = ?1 and endpoint_id = ?2 and recovering_since is null`,
            )
            .bind(tenantId, id, realNow.getTime(), probeAt.getTime()),
          guard(d1),
        ],
        told,
      ),

    /** Notes when the endpoint is tried next. */
    probeAt: (id: string, at: Date) =>
      db
        .update(webhookQueues)
        .set({ probeAt: at })
        .where(and(eq(webhookQueues.tenantId, tenantId), eq(webhookQueues.endpointId, id))),

    /** The pump takes the endpoint on again, and lets what waited go out slowly; undefined where it has already. */
    endRecovery: async ({ id }: { id: string }, told: Told) => {
      const isRecovering = d1
        .prepare(
          `select case when not exists (select 1 from webhook_queues where tenant_id = ? and endpoint_id = ? and recovering_since is not null)
           then json('guard:it does not recover') end`,
        )
        .bind(tenantId, id);
      const done = await commit(asking, [isRecovering, ...backToWork(asking, id)], told);
      if (done) asking.ring({ deliveries: true, events: [] });
      return done;
    },
  };
}

/**
 * Has the pump take an endpoint on, and what waited for it go out slowly, in the order in which it was to go: what was tried while nothing arrived
 * waits no longer than what was not, and what used up its attempts meanwhile is tried again. Of both there is little, because an endpoint is left
 * alone after some failures in a row.
 */
export function backToWork({ d1, tenantId, realNow }: Asking, id: string): Statement[] {
  return [
    d1
      .prepare(
        `update deliveries indexed by deliveries_queue set next_at = created_at
         where tenant_id = ?1 and endpoint_id = ?2 and state = 'pending' and attempts > 0`,
      )
      .bind(tenantId, id),
    d1
      .prepare(
        `update deliveries set state = 'pending', ended_at = null, lease_until = null, resent_after = attempts, next_at = created_at
         where rowid in (
           select rowid from deliveries indexed by deliveries_exhausted
           where tenant_id = ?1 and endpoint_id = ?2 and state = 'exhausted'
             and ended_at >= (select failing_since from webhook_queues where tenant_id = ?1 and endpoint_id = ?2)
           order by ended_at desc limit 1000)`,
      )
      .bind(tenantId, id),
    d1
      .prepare(
        `insert into webhook_queues (tenant_id, endpoint_id, failures, catching_up_since)
         select ?1, ?2, 0, case when exists (
           select 1 from deliveries where tenant_id = ?1 and endpoint_id = ?2 and state = 'pending') then ?3 end where true
         on conflict (tenant_id, endpoint_id) do update set failures = 0, failing_since = null, recovering_since = null, probe_at = null,
           catching_up_since = excluded.catching_up_since`,
      )
      .bind(tenantId, id, realNow.getTime()),
  ];
}

/** Aborts the batch when the endpoint was disabled or deleted. */
export function isSentTo({ d1, tenantId }: Asking, id: string) {
  return d1
    .prepare(
      `select case when not exists (select 1 from webhook_endpoints where tenant_id = ? and id = ? and deleted_at is null and disabled_at is null)
       then json('guard:the endpoint is not sent to') end`,
    )
    .bind(tenantId, id);
}
