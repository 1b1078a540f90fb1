import { and, asc, desc, eq, gt, lt, max } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { pageOf, type PageOf } from "../page.ts";
import type { EventType } from "#rules/events";
import { events } from "./tables.ts";

export type EventRow = typeof events.$inferSelect;

type EventFilter = { type?: EventType | undefined; subjectId?: string | undefined };

export function eventsOf({ d1, tenantId }: Asking) {
  const db = dbOf(d1);
  const fitting = ({ type, subjectId }: EventFilter) =>
    and(
      eq(events.tenantId, tenantId),
      type === undefined ? undefined : eq(events.type, type),
      subjectId === undefined ? undefined : eq(events.subjectId, subjectId),
    );

  return {
    byId: (id: string) =>
      db
        .select()
        .from(events)
        .where(and(eq(events.tenantId, tenantId), eq(events.id, id)))
        .get(),

    /** Newest first, those before the number `before` when there is one. */
    list: async ({ limit, before }: { limit: number; before: number | null }, filter: EventFilter): Promise<PageOf<EventRow>> =>
      pageOf(
        await db
          .select()
          .from(events)
          .where(and(fitting(filter), before === null ? undefined : lt(events.seq, before)))
          .orderBy(desc(events.seq))
          .limit(limit + 1),
        { limit, before: null },
      ),

    /** Oldest first, those behind the number `after`; and the highest number there is, read at the same moment. */
    following: async (after: number, limit: number, filter: EventFilter): Promise<PageOf<EventRow> & { newest: number }> => {
      const [rows, [last]] = await db.batch([
        db
          .select()
          .from(events)
          .where(and(fitting(filter), gt(events.seq, after)))
          .orderBy(asc(events.seq))
          .limit(limit + 1),
        db
          .select({ seq: max(events.seq) })
          .from(events)
          .where(eq(events.tenantId, tenantId)),
      ]);
      return { ...pageOf(rows, { limit, before: null }), newest: last?.seq ?? 0 };
    },
  };
}
