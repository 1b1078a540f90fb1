import { and, asc, desc, eq, gt, gte, lt, max, sql, type SQL } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { pageOf, type PageOf } from "../page.ts";
import type { Actor, EventType } from "#rules/events";
import { events } from "./tables.ts";

export type EventRow = typeof events.$inferSelect;

type EventFilter = { type?: EventType | undefined; subjectId?: string | undefined };

/** Which events of a license's log are wanted: of one type, by one kind of actor or one actor, from an instant on, before another. */
export type LicenseEventFilter = {
  type?: EventType | undefined;
  actorType?: Actor["type"] | undefined;
  actorId?: string | undefined;
  from?: Date | undefined;
  to?: Date | undefined;
};

type Span = { limit: number; before: number | null };

export function eventsOf({ d1, tenantId }: Asking) {
  const db = dbOf(d1);
  const fitting = ({ type, subjectId }: EventFilter) =>
    and(
      eq(events.tenantId, tenantId),
      type === undefined ? undefined : eq(events.type, type),
      subjectId === undefined ? undefined : eq(events.subjectId, subjectId),
    );
  const newest = async ({ limit, before }: Span, filter: SQL | undefined): Promise<PageOf<EventRow>> =>
    pageOf(
      await db
        .select()
        .from(events)
        .where(and(filter, before === null ? undefined : lt(events.seq, before)))
        .orderBy(desc(events.seq))
        .limit(limit + 1),
      { limit, before: null },
    );

  return {
    byId: (id: string) =>
      db
        .select()
        .from(events)
        .where(and(eq(events.tenantId, tenantId), eq(events.id, id)))
        .get(),

    /** Newest first, those before the number `before` when there is one. */
    list: (span: Span, filter: EventFilter) => newest(span, fitting(filter)),

    /** The number of the last event of a type about one object; undefined where there is none. */
    newestSeq: async (subjectId: string, type: EventType): Promise<number | undefined> => {
      const [newest] = await db
        .select({ seq: events.seq })
        .from(events)
        // the plus keeps the planner from the index of types, which holds those about every object
        .where(and(eq(events.tenantId, tenantId), eq(events.subjectId, subjectId), sql`+${events.type} = ${type}`))
        .orderBy(desc(events.seq))
        .limit(1);
      return newest?.seq;
    },

    /** The log of a license, newest first: what happened to it, its devices, files and transfers. Reads no other license's events. */
    ofLicense: (licenseId: string, span: Span, { type, actorType, actorId, from, to }: LicenseEventFilter) =>
      newest(
        span,
        and(
          eq(events.tenantId, tenantId),
          eq(events.licenseId, licenseId),
          // the plus keeps the planner from the index of types, which holds those of every license
          type && sql`+${events.type} = ${type}`,
          actorType && eq(events.actorType, actorType),
          actorId === undefined ? undefined : eq(events.actorId, actorId),
          from && gte(events.at, from),
          to && lt(events.at, to),
        ),
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
