import { lt, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";

/** Which part of a list is wanted: at most `limit` rows that are older than `before`. Ids sort by time, so they are the order. */
export type Page = { limit: number; before: string | null };

/** Rows of one page, and whether more follow: one row more than asked for is read to know. */
export type PageOf<Row> = { rows: Row[]; hasMore: boolean };

export const olderThan = (id: SQLiteColumn, page: Page): SQL | undefined =>
  page.before === null ? undefined : lt(id, page.before);

export function pageOf<Row>(rows: Row[], page: Page): PageOf<Row> {
  return { rows: rows.slice(0, page.limit), hasMore: rows.length > page.limit };
}
