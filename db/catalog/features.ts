import { and, desc, eq, sql } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { archivedOrNot, type CatalogFilter } from "./archived.ts";
import { features } from "./tables.ts";

export type FeatureRow = typeof features.$inferSelect;

export function featuresOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(features.tenantId, tenantId), eq(features.id, id));

  return {
    byId: (id: string) => db.select().from(features).where(mine(id)).get(),

    /** Every feature that one of the names means, as id or as code; names that mean none are left out. */
    byNames: (names: readonly string[]) => {
      // one parameter for all of them, as a statement takes a hundred; the join keeps its order, so that each code is looked up by its index
      const list = JSON.stringify(names);
      const ids = sql`(select value from json_each(${list}) union select f.id from json_each(${list}) n cross join features f on f.tenant_id = ${tenantId} and f.code = n.value)`;
      return db
        .select()
        .from(features)
        .where(and(eq(features.tenantId, tenantId), sql`${features.id} in ${ids}`));
    },

    list: async (page: Page, filter: CatalogFilter) =>
      pageOf(
        await db
          .select()
          .from(features)
          .where(
            and(
              eq(features.tenantId, tenantId),
              filter.code === undefined ? undefined : eq(features.code, filter.code),
              filter.externalId === undefined ? undefined : eq(features.externalId, filter.externalId),
              archivedOrNot(features.archivedAt, filter.archived),
              olderThan(features.id, page),
            ),
          )
          .orderBy(desc(features.id))
          .limit(page.limit + 1),
        page,
      ),

    insert: (row: FeatureRow, told: Told) => commit(asking, [bound(d1, db.insert(features).values(row))], told),

    /** Writes a changed row over the version it was read as; undefined when somebody else was faster. */
    update: (row: FeatureRow, told: Told) =>
      commit(
        asking,
        [
          bound(
            d1,
            db
              .update(features)
              .set({ ...row, version: row.version + 1 })
              .where(and(mine(row.id), eq(features.version, row.version))),
          ),
          guard(d1),
        ],
        told,
      ),
  };
}
