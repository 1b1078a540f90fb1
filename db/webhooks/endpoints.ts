import { and, desc, eq, isNull, sql } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { backToWork, isSentTo } from "./queues.ts";
import type { EventType } from "#rules/events";
import { webhookEndpoints } from "./tables.ts";

export type WebhookEndpointRow = typeof webhookEndpoints.$inferSelect;

export function webhookEndpointsOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const live = and(eq(webhookEndpoints.tenantId, tenantId), isNull(webhookEndpoints.deletedAt));
  const overwritten = (row: WebhookEndpointRow) =>
    bound(
      d1,
      db
        .update(webhookEndpoints)
        .set({ ...row, version: row.version + 1 })
        .where(and(live, eq(webhookEndpoints.id, row.id), eq(webhookEndpoints.version, row.version))),
    );

  return {
    byId: (id: string) =>
      db
        .select()
        .from(webhookEndpoints)
        .where(and(live, eq(webhookEndpoints.id, id)))
        .get(),

    list: async (page: Page, filter: { externalId?: string | undefined }) =>
      pageOf(
        await db
          .select()
          .from(webhookEndpoints)
          .where(
            and(
              live,
              filter.externalId === undefined ? undefined : eq(webhookEndpoints.externalId, filter.externalId),
              olderThan(webhookEndpoints.id, page),
            ),
          )
          .orderBy(desc(webhookEndpoints.id))
          .limit(page.limit + 1),
        page,
      ),

    /** The REST hook that sends the same to the same. */
    sameHook: ({ url, events, productIds }: Hook) =>
      db
        .select()
        .from(webhookEndpoints)
        .where(
          and(
            live,
            eq(webhookEndpoints.origin, "rest_hook"),
            eq(webhookEndpoints.url, url),
            sql`${webhookEndpoints.events} = ${JSON.stringify(events)} and ${webhookEndpoints.productIds} is ${productIds && JSON.stringify(productIds)}`,
          ),
        )
        .get(),

    /**
     * Undefined when the tenant has as many as it may have, or for a REST hook the same one: two that race for the last place cannot both get it, nor
     * can two be made of one subscription.
     */
    insert: (row: WebhookEndpointRow, max: number, told: Told) =>
      commit(asking, [roomLeft(asking, max), isFirst(asking, row), bound(d1, db.insert(webhookEndpoints).values(row))], told),

    /** Writes a changed row over the version it was read as; undefined when somebody else was faster. */
    update: (row: WebhookEndpointRow, told: Told) => commit(asking, [overwritten(row), guard(d1)], told),

    /** The same for one that is sent to again: what waited for it goes out slowly, and whoever waits for deliveries wakes. */
    enable: async (row: WebhookEndpointRow, told: Told) => {
      const done = await commit(asking, [overwritten(row), guard(d1), ...backToWork(asking, row.id)], told);
      if (done) asking.ring({ deliveries: true, events: [] });
      return done;
    },

    /** The row stays for its deliveries; those that were under way end with it. */
    delete: (row: WebhookEndpointRow, told: Told) =>
      commit(asking, [overwritten(row), guard(d1), cancelWaiting(asking, row.id)], told),

    /** Tells the endpoint of a test by an event of a type, whatever it subscribes to; undefined when it is not sent to any more. */
    test: async ({ id }: WebhookEndpointRow, { eventId, type }: { eventId: string; type: EventType }, told: Told) => {
      const named: Asking = { ...asking, newId: (noun, at) => (noun === "event" ? eventId : asking.newId(noun, at)) };
      const done = await commit(named, [isSentTo(asking, id), testDelivery(asking, id, { eventId, type })], told);
      if (done) asking.ring({ deliveries: true, events: [] });
      return done;
    },
  };
}

/**
 * Keeps the key pair of an endpoint that has none, for whoever signs across tenants, and answers the sealed secret half that is in force: of several
 * that race all use the one that was kept. The version rises, so that no change that was read before takes it away again.
 */
export async function keepKeyPair(
  d1: D1Database,
  { tenantId, id }: Pick<WebhookEndpointRow, "tenantId" | "id">,
  { signingKey, publicKey }: { signingKey: string; publicKey: string },
): Promise<string> {
  const kept = d1
    .prepare(
      `update webhook_endpoints set signing_key = ?3, public_key = ?4, version = version + 1
       where tenant_id = ?1 and id = ?2 and signing_key is null and deleted_at is null`,
    )
    .bind(tenantId, id, signingKey, publicKey);
  const read = d1
    .prepare("select signing_key as signingKey from webhook_endpoints where tenant_id = ? and id = ?")
    .bind(tenantId, id);
  const [, row] = await d1.batch<{ signingKey: string | null }>([kept, read]);
  return row?.results[0]?.signingKey ?? signingKey;
}

/** Aborts the batch when the tenant has `max` endpoints. */
function roomLeft({ d1, tenantId }: Asking, max: number) {
  return d1
    .prepare(
      `select case when (select count(*) from webhook_endpoints where tenant_id = ? and deleted_at is null) >= ? then json('guard:no room left') end`,
    )
    .bind(tenantId, max);
}

type Hook = Pick<WebhookEndpointRow, "url" | "events" | "productIds">;

/** Ends the deliveries that wait for an endpoint. */
function cancelWaiting({ d1, tenantId, realNow }: Asking, id: string) {
  return d1
    .prepare(
      `update deliveries set state = 'canceled', ended_at = ?3, lease_until = null
       where tenant_id = ?1 and endpoint_id = ?2 and state = 'pending'`,
    )
    .bind(tenantId, id, realNow.getTime());
}

/** Aborts the batch when a REST hook is to be made, and there is one that sends the same to the same. */
function isFirst({ d1, tenantId }: Asking, { origin, url, events, productIds }: Hook & Pick<WebhookEndpointRow, "origin">) {
  return d1
    .prepare(
      `select case when exists (
         select 1 from webhook_endpoints
         where ?2 = 'rest_hook' and tenant_id = ?1 and deleted_at is null and origin = ?2 and url = ?3 and events = ?4 and product_ids is ?5
       ) then json('guard:it has subscribed') end`,
    )
    .bind(tenantId, origin, url, JSON.stringify(events), productIds && JSON.stringify(productIds));
}

/** The test's delivery: of the event that follows, and telling an example of `type` where that is another. */
function testDelivery(
  { d1, tenantId, newId, realNow }: Asking,
  id: string,
  { eventId, type }: { eventId: string; type: EventType },
) {
  return d1
    .prepare(
      `insert into deliveries (tenant_id, id, endpoint_id, event_seq, event_id, event_type, state, attempts, next_at, created_at)
       select ?1, ?3, ?2, coalesce((select max(seq) from events where tenant_id = ?1), 0) + 1, ?4, ?6, 'pending', 0, ?5, ?5`,
    )
    .bind(tenantId, id, newId("delivery", realNow), eventId, realNow.getTime(), type);
}
