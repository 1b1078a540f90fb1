import { and, desc, eq, lt } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { pageOf } from "../page.ts";
import { priceRevisions } from "./tables.ts";

export type PriceRevisionRow = typeof priceRevisions.$inferSelect;

/** The terms of prices as they stood; they are written with their prices and never changed. */
export function priceRevisionsOf({ d1, tenantId }: Asking) {
  const db = dbOf(d1);
  return {
    /** Newest first; `beforeRev` = those older than it. */
    list: async (priceId: string, limit: number, beforeRev: number | null) =>
      pageOf(
        await db
          .select()
          .from(priceRevisions)
          .where(
            and(
              eq(priceRevisions.tenantId, tenantId),
              eq(priceRevisions.priceId, priceId),
              beforeRev === null ? undefined : lt(priceRevisions.rev, beforeRev),
            ),
          )
          .orderBy(desc(priceRevisions.rev))
          .limit(limit + 1),
        { limit, before: null },
      ),
  };
}
