import { and, desc, eq, getTableColumns, gte, isNull, lt, lte, or } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import type { EventType } from "#rules/events";
import type { DeliveryState } from "#rules/webhooks/states";
import { attempts, deliveries, webhookEndpoints } from "./tables.ts";

export type DeliveryRow = typeof deliveries.$inferSelect;
export type AttemptRow = typeof attempts.$inferSelect;

type DeliveryFilter = {
  state?: DeliveryState | undefined;
  eventId?: string | undefined;
  eventType?: EventType | undefined;
  /** What their ids are at least, and what they are below: ids sort by the instant in which they were made. */
  from?: string | undefined;
  to?: string | undefined;
};

/** The newest attempts are shown; a delivery that is resent again and again may have more. */
const SHOWN_ATTEMPTS = 100;

export function deliveriesOf(asking: Asking) {
  const { d1, tenantId, realNow } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(deliveries.tenantId, tenantId), eq(deliveries.id, id));

  return {
    /** A delivery, and whether its endpoint is sent to. */
    byId: (id: string) =>
      db
        .select({
          ...getTableColumns(deliveries),
          endpointDisabledAt: webhookEndpoints.disabledAt,
          endpointDeletedAt: webhookEndpoints.deletedAt,
        })
        .from(deliveries)
        .innerJoin(webhookEndpoints, and(eq(webhookEndpoints.tenantId, tenantId), eq(webhookEndpoints.id, deliveries.endpointId)))
        .where(mine(id))
        .get(),

    /** A delivery with its attempts, newest first, as they stood at one moment. */
    withAttempts: async (id: string): Promise<{ delivery: DeliveryRow; attempts: AttemptRow[] } | undefined> => {
      const [[delivery], made] = await db.batch([
        db.select().from(deliveries).where(mine(id)),
        db
          .select()
          .from(attempts)
          .where(and(eq(attempts.tenantId, tenantId), eq(attempts.deliveryId, id)))
          .orderBy(desc(attempts.number))
          .limit(SHOWN_ATTEMPTS),
      ]);
      return delivery && { delivery, attempts: made };
    },

    list: async (endpointId: string, page: Page, filter: DeliveryFilter) =>
      pageOf(
        await db
          .select()
          .from(deliveries)
          .where(
            and(
              eq(deliveries.tenantId, tenantId),
              eq(deliveries.endpointId, endpointId),
              filter.state === undefined ? undefined : eq(deliveries.state, filter.state),
              filter.eventId === undefined ? undefined : eq(deliveries.eventId, filter.eventId),
              filter.eventType === undefined ? undefined : eq(deliveries.eventType, filter.eventType),
              filter.from === undefined ? undefined : gte(deliveries.id, filter.from),
              filter.to === undefined ? undefined : lt(deliveries.id, filter.to),
              olderThan(deliveries.id, page),
            ),
          )
          .orderBy(desc(deliveries.id))
          .limit(page.limit + 1),
        page,
      ),

    /** Makes a delivery due, if it is still as it was read and not being sent; undefined when it is not. */
    resend: async (before: DeliveryRow, after: Pick<DeliveryRow, "resentAfter" | "nextAt">, told: Told) => {
      const due = db
        .update(deliveries)
        .set({ state: "pending", endedAt: null, leaseUntil: null, resentAfter: after.resentAfter, nextAt: after.nextAt })
        .where(
          and(
            mine(before.id),
            eq(deliveries.state, before.state),
            eq(deliveries.attempts, before.attempts),
            or(isNull(deliveries.leaseUntil), lte(deliveries.leaseUntil, realNow)),
          ),
        );
      const done = await commit(asking, [bound(d1, due), guard(d1)], told);
      if (done) asking.ring({ deliveries: true, events: [] });
      return done;
    },
  };
}
