import { and, desc, eq, getTableColumns, isNull, lte, or } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import type { NoticeKind } from "#rules/mail/kinds";
import type { NoticeState } from "#rules/mail/states";
import { recordingOf, type RecordedMail } from "./pump.ts";
import { noticeAttempts, notices } from "./tables.ts";
import { reportingOf, type Reported } from "./tracking.ts";

export type NoticeRow = typeof notices.$inferSelect;
export type NoticeAttemptRow = typeof noticeAttempts.$inferSelect;

type Filter = {
  state?: NoticeState | undefined;
  kind?: NoticeKind | undefined;
  customerId?: string | undefined;
  subjectId?: string | undefined;
};

/** The newest attempts are shown; a notice that is sent again and again may have more. */
const SHOWN_ATTEMPTS = 100;

export function noticesOf(asking: Asking) {
  const { d1, tenantId, realNow } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(notices.tenantId, tenantId), eq(notices.id, id));

  return {
    byId: (id: string) => db.select().from(notices).where(mine(id)).get(),

    /** A notice with its attempts, newest first, as they stood at one moment. */
    withAttempts: async (id: string): Promise<{ notice: NoticeRow; attempts: NoticeAttemptRow[] } | undefined> => {
      const [[notice], made] = await db.batch([
        db.select().from(notices).where(mine(id)),
        db
          .select()
          .from(noticeAttempts)
          .where(and(eq(noticeAttempts.tenantId, tenantId), eq(noticeAttempts.noticeId, id)))
          .orderBy(desc(noticeAttempts.number))
          .limit(SHOWN_ATTEMPTS),
      ]);
      return notice && { notice, attempts: made };
    },

    list: async (page: Page, filter: Filter) =>
      pageOf(
        await db
          .select(getTableColumns(notices))
          .from(notices)
          .where(
            and(
              eq(notices.tenantId, tenantId),
              filter.state === undefined ? undefined : eq(notices.state, filter.state),
              filter.kind === undefined ? undefined : eq(notices.kind, filter.kind),
              filter.customerId === undefined ? undefined : eq(notices.customerId, filter.customerId),
              filter.subjectId === undefined ? undefined : eq(notices.subjectId, filter.subjectId),
              olderThan(notices.id, page),
            ),
          )
          .orderBy(desc(notices.id))
          .limit(page.limit + 1),
        page,
      ),

    /** A notice of no fact: a test. */
    insert: async (row: NoticeRow, told: Told) => {
      const done = await commit(asking, [bound(d1, db.insert(notices).values(row))], told);
      if (done) asking.ring({ deliveries: false, notices: true, events: [] });
      return done;
    },

    /** Makes a notice due, if it is still as it was read and not being sent; undefined when it is not. */
    resend: async (before: NoticeRow, after: Pick<NoticeRow, "resentAfter" | "nextAt" | "reachedAt">, told: Told) => {
      const due = db
        .update(notices)
        .set({ state: "pending", reason: null, deliveredAt: null, endedAt: null, leaseUntil: null, ...after })
        .where(
          and(
            mine(before.id),
            eq(notices.state, before.state),
            eq(notices.attempts, before.attempts),
            or(isNull(notices.leaseUntil), lte(notices.leaseUntil, realNow)),
          ),
        );
      const done = await commit(asking, [bound(d1, due), guard(d1)], told);
      if (done) asking.ring({ deliveries: false, notices: true, events: [] });
      return done;
    },

    /**
     * Writes what a transport told of a mail that it took, with an address that is refused for good where it told of one; undefined when the notice is
     * not as it was read.
     */
    reported: (before: NoticeRow, after: Reported, bounced: string | null, told: Told) =>
      commit(asking, reportingOf(asking, before, after, bounced), told),

    /** Records the attempt that a notice came to a bad end with, and the fact that tells of it; undefined when it was recorded before. */
    ended: (row: RecordedMail, told: Told) => commit(asking, [...recordingOf(d1, [row]), guard(d1)], told),
  };
}
