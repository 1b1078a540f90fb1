import { and, desc, eq, sql } from "drizzle-orm";
import { archivedOrNot, type CatalogFilter } from "../catalog/archived.ts";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { coupons } from "./tables.ts";

export type CouponRow = typeof coupons.$inferSelect;

/** Deductions that buyers bring along. */
export function couponsOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(coupons.tenantId, tenantId), eq(coupons.id, id));

  return {
    byId: (id: string) => db.select().from(coupons).where(mine(id)).get(),

    list: async (page: Page, filter: CatalogFilter) =>
      pageOf(
        await db
          .select()
          .from(coupons)
          .where(
            and(
              eq(coupons.tenantId, tenantId),
              filter.code === undefined ? undefined : eq(coupons.code, filter.code),
              filter.externalId === undefined ? undefined : eq(coupons.externalId, filter.externalId),
              archivedOrNot(coupons.archivedAt, filter.archived),
              olderThan(coupons.id, page),
            ),
          )
          .orderBy(desc(coupons.id))
          .limit(page.limit + 1),
        page,
      ),

    insert: (row: CouponRow, told: Told) => commit(asking, [bound(d1, db.insert(coupons).values(row))], told),

    /** Writes a changed row over the version it was read as, but for its redemptions; undefined when somebody else was faster. */
    update: (row: CouponRow, told: Told) =>
      commit(
        asking,
        [
          bound(
            d1,
            db
              .update(coupons)
              .set({ ...row, redemptions: sql`${coupons.redemptions}`, version: row.version + 1 })
              .where(and(mine(row.id), eq(coupons.version, row.version))),
          ),
          guard(d1),
        ],
        told,
      ),
  };
}
