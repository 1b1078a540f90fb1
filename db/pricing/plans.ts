import { and, desc, eq } from "drizzle-orm";
import { archivedOrNot } from "../catalog/archived.ts";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { plans } from "./tables.ts";

export type PlanRow = typeof plans.$inferSelect;

type Filter = {
  productId?: string | undefined;
  code?: string | undefined;
  externalId?: string | undefined;
  archived?: boolean | undefined;
};

/** What customers of a tenant subscribe to. */
export function plansOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(plans.tenantId, tenantId), eq(plans.id, id));

  return {
    byId: (id: string) => db.select().from(plans).where(mine(id)).get(),

    list: async (page: Page, filter: Filter) =>
      pageOf(
        await db
          .select()
          .from(plans)
          .where(
            and(
              eq(plans.tenantId, tenantId),
              filter.productId === undefined ? undefined : eq(plans.productId, filter.productId),
              filter.code === undefined ? undefined : eq(plans.code, filter.code),
              filter.externalId === undefined ? undefined : eq(plans.externalId, filter.externalId),
              archivedOrNot(plans.archivedAt, filter.archived),
              olderThan(plans.id, page),
            ),
          )
          .orderBy(desc(plans.id))
          .limit(page.limit + 1),
        page,
      ),

    insert: (row: PlanRow, told: Told) => commit(asking, [bound(d1, db.insert(plans).values(row))], told),

    /** Writes a changed row over the version it was read as; undefined when somebody else was faster. */
    update: (row: PlanRow, told: Told) =>
      commit(
        asking,
        [
          bound(
            d1,
            db
              .update(plans)
              .set({ ...row, version: row.version + 1 })
              .where(and(mine(row.id), eq(plans.version, row.version))),
          ),
          guard(d1),
        ],
        told,
      ),
  };
}
