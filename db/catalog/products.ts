import { and, desc, eq, or, sql } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { archivedOrNot, type CatalogFilter } from "./archived.ts";
import { products } from "./tables.ts";

export type ProductRow = typeof products.$inferSelect;

export function productsOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(products.tenantId, tenantId), eq(products.id, id));

  return {
    byId: (id: string) => db.select().from(products).where(mine(id)).get(),

    /** By id or code, as bodies may name a product either way; an id wins over another product's code of the same text. */
    byIdOrCode: (name: string) =>
      db
        .select()
        .from(products)
        .where(and(eq(products.tenantId, tenantId), or(eq(products.id, name), eq(products.code, name))))
        .orderBy(desc(eq(products.id, name)))
        .limit(1)
        .get(),

    /** The ids of the products that are named by id or code, in the order of the names; undefined where there is none. */
    idsOf: async (names: readonly string[]): Promise<(string | undefined)[]> => {
      const named = sql`(select value from json_each(${JSON.stringify(names)}))`;
      const found = await db
        .select({ id: products.id, code: products.code })
        .from(products)
        .where(and(eq(products.tenantId, tenantId), or(sql`${products.id} in ${named}`, sql`${products.code} in ${named}`)));
      return names.map((name) => (found.find(({ id }) => id === name) ?? found.find(({ code }) => code === name))?.id);
    },

    list: async (page: Page, filter: CatalogFilter) =>
      pageOf(
        await db
          .select()
          .from(products)
          .where(
            and(
              eq(products.tenantId, tenantId),
              filter.code === undefined ? undefined : eq(products.code, filter.code),
              filter.externalId === undefined ? undefined : eq(products.externalId, filter.externalId),
              archivedOrNot(products.archivedAt, filter.archived),
              olderThan(products.id, page),
            ),
          )
          .orderBy(desc(products.id))
          .limit(page.limit + 1),
        page,
      ),

    insert: (row: ProductRow, told: Told) => commit(asking, [bound(d1, db.insert(products).values(row))], told),

    /** Writes a changed row over the version it was read as; undefined when somebody else was faster. */
    update: (row: ProductRow, told: Told) =>
      commit(
        asking,
        [
          bound(
            d1,
            db
              .update(products)
              .set({ ...row, version: row.version + 1 })
              .where(and(mine(row.id), eq(products.version, row.version))),
          ),
          guard(d1),
        ],
        told,
      ),
  };
}
