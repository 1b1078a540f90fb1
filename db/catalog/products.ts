import { and, desc, eq, or, sql } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { archivedOrNot, type CatalogFilter } from "./archived.ts";
import { products, productVersions } from "./tables.ts";

export type ProductRow = typeof products.$inferSelect;
export type ProductVersionRow = typeof productVersions.$inferSelect;

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
          bound(d1, db.update(products).set({ ...row, version: row.version + 1 }).where(and(mine(row.id), eq(products.version, row.version)))),
          guard(d1),
        ],
        told,
      ),

    addVersion: (row: ProductVersionRow, told: Told) => commit(asking, [bound(d1, db.insert(productVersions).values(row))], told),

    /** Versions, the one released last first; `before` = those released before that one. */
    listVersions: async (productId: string, limit: number, before: { releasedAt: Date; version: string } | null) =>
      pageOf(
        await db
          .select()
          .from(productVersions)
          .where(
            and(
              eq(productVersions.tenantId, tenantId),
              eq(productVersions.productId, productId),
              before === null
                ? undefined
                : sql`(${productVersions.releasedAt}, ${productVersions.version}) < (${before.releasedAt.getTime()}, ${before.version})`,
            ),
          )
          .orderBy(desc(productVersions.releasedAt), desc(productVersions.version))
          .limit(limit + 1),
        { limit, before: null },
      ),

    version: (productId: string, version: string) =>
      db
        .select()
        .from(productVersions)
        .where(and(eq(productVersions.tenantId, tenantId), eq(productVersions.productId, productId), eq(productVersions.version, version)))
        .get(),
  };
}
