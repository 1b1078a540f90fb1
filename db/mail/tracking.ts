import { and, eq, sql } from "drizzle-orm";
import { bound, guard, type Asking, type Statement } from "../commit.ts";
import { dbOf } from "../db.ts";
import { mailBounces, notices } from "./tables.ts";

type NoticeRow = typeof notices.$inferSelect;

/** The notices of those ids, across the tenants of a database: a transport names no tenant. */
export async function noticesNamed(d1: D1Database, ids: readonly string[]): Promise<NoticeRow[]> {
  return dbOf(d1)
    .select()
    .from(notices)
    .where(sql`${notices.id} in (select value from json_each(${JSON.stringify(ids)}))`);
}

/** What a notice becomes by what a transport tells of it. */
export type Reported = Pick<NoticeRow, "state" | "lastError"> & Partial<Pick<NoticeRow, "deliveredAt" | "endedAt">>;

/** The statements of that, which abort where the notice is not as it was read; `bounced`: an address that is refused for good. */
export function reportingOf(
  { d1, tenantId, realNow }: Asking,
  before: NoticeRow,
  after: Reported,
  bounced: string | null,
): Statement[] {
  const db = dbOf(d1);
  const asRead = and(
    eq(notices.tenantId, tenantId),
    eq(notices.id, before.id),
    eq(notices.state, before.state),
    eq(notices.resentAfter, before.resentAfter),
  );
  const change = [bound(d1, db.update(notices).set(after).where(asRead)), guard(d1)];
  if (bounced === null) return change;
  const row = { tenantId, address: bounced, noticeId: before.id, detail: after.lastError, createdAt: realNow };
  return [...change, bound(d1, db.insert(mailBounces).values(row).onConflictDoNothing())];
}
