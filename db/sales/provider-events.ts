import { and, asc, eq, gt, isNull, lte, sql } from "drizzle-orm";
import { bound, commit, type Asking, type Fact, type Statement } from "../commit.ts";
import { dbOf } from "../db.ts";
import { orders, providerEvents } from "./tables.ts";

export type ProviderEventRow = typeof providerEvents.$inferSelect;

/** A provider's event as it came in. */
export type IncomingEvent = Pick<ProviderEventRow, "provider" | "eventId" | "type" | "objectRef">;

/** How long a sweep leaves an event alone after a try that failed. */
const TRY_AGAIN_MS = 10 * 60_000;

/** Providers send an event again for a few days; what could not be applied in this time needs a person. */
const GIVEN_UP_MS = 30 * 24 * 3_600_000;

const TOLD = [200, {}] as const;

export function providerEventsOf(asking: Asking) {
  const { d1, tenantId, realNow } = asking;
  const db = dbOf(d1);

  const store = (event: IncomingEvent, appliedAt: Date | null): Statement => {
    const tryAt = appliedAt ? null : new Date(realNow.getTime() + TRY_AGAIN_MS);
    const insert = db
      .insert(providerEvents)
      .values({ tenantId, ...event, receivedAt: realNow, appliedAt, tryAt })
      .onConflictDoUpdate({
        target: [providerEvents.tenantId, providerEvents.provider, providerEvents.eventId],
        set: { appliedAt: sql`excluded.applied_at`, tryAt: sql`excluded.try_at` },
        setWhere: isNull(providerEvents.appliedAt),
      });
    return bound(d1, insert);
  };

  return {
    /** Whether the event was applied before, and the order whose payment it speaks of as it stands now. */
    look: async ({ provider, eventId, objectRef }: IncomingEvent) => {
      const [[known], [order]] = await db.batch([
        db
          .select({ appliedAt: providerEvents.appliedAt })
          .from(providerEvents)
          .where(
            and(
              eq(providerEvents.tenantId, tenantId),
              eq(providerEvents.provider, provider),
              eq(providerEvents.eventId, eventId),
            ),
          ),
        db
          .select()
          .from(orders)
          .where(and(eq(orders.tenantId, tenantId), eq(orders.provider, provider), eq(orders.providerRef, objectRef ?? ""))),
      ]);
      return { applied: known?.appliedAt != null, order };
    },

    /** The statement that records an event as applied, for the batch of the change it causes. */
    applied: (event: IncomingEvent) => store(event, realNow),

    /** Records an event that changes nothing. */
    markApplied: async (event: IncomingEvent): Promise<void> => {
      await store(event, realNow).run();
    },

    /** Keeps an event that could not be applied now: the provider's next try or a sweep will. */
    keep: async (event: IncomingEvent): Promise<void> => {
      await store(event, null).run();
    },

    /** Tells of money that buys nothing here, once for each payment however often it is heard of. */
    tellUnexpected: async (event: IncomingEvent, fact: Fact): Promise<void> => {
      const isFirst = d1
        .prepare(
          `select case when exists (select 1 from events where tenant_id = ? and subject_id = ? and type = ?) then json('guard:told before') end`,
        )
        .bind(tenantId, fact.subject.id, fact.type);
      const told = await commit(asking, [isFirst, store(event, realNow)], { facts: [fact], answer: TOLD });
      if (!told) await store(event, realNow).run();
    },
  };
}

/**
 * Takes up events of every tenant of a shard that were stored and are still to be applied, the longest waiting first. Who takes them has them
 * for ten minutes, and what cannot be applied goes behind the others.
 */
export async function claimWaitingEvents(d1: D1Database, realNow: Date, limit: number): Promise<ProviderEventRow[]> {
  const db = dbOf(d1);
  const waiting = db
    .select({ row: sql`rowid` })
    .from(providerEvents)
    .where(
      and(
        isNull(providerEvents.appliedAt),
        lte(providerEvents.tryAt, realNow),
        gt(providerEvents.receivedAt, new Date(realNow.getTime() - GIVEN_UP_MS)),
      ),
    )
    .orderBy(asc(providerEvents.tryAt))
    .limit(limit);
  return db
    .update(providerEvents)
    .set({ tryAt: new Date(realNow.getTime() + TRY_AGAIN_MS) })
    .where(sql`rowid in ${waiting}`)
    .returning();
}
