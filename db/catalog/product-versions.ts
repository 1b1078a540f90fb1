import { and, desc, eq, sql } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { pageOf } from "../page.ts";
import { productVersions } from "./tables.ts";

export type ProductVersionRow = typeof productVersions.$inferSelect;

export function productVersionsOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const ofProduct = (productId: string) => and(eq(productVersions.tenantId, tenantId), eq(productVersions.productId, productId));

  return {
    byVersion: (productId: string, version: string) =>
      db
        .select()
        .from(productVersions)
        .where(and(ofProduct(productId), eq(productVersions.version, version)))
        .get(),

    /** The one released last first; `before` = those released before that one. */
    list: async (productId: string, limit: number, before: { releasedAt: Date; version: string } | null) => {
      const { releasedAt, version } = productVersions;
      const earlier = before && sql`(${releasedAt}, ${version}) < (${before.releasedAt.getTime()}, ${before.version})`;
      return pageOf(
        await db
          .select()
          .from(productVersions)
          .where(and(ofProduct(productId), earlier ?? undefined))
          .orderBy(desc(releasedAt), desc(version))
          .limit(limit + 1),
        { limit, before: null },
      );
    },

    /** Registers the files of a version; undefined when there is no such version. The last one to register them wins. */
    setManifest: ({ productId, version, manifest }: ProductVersionRow, told: Told) => {
      const one = and(ofProduct(productId), eq(productVersions.version, version));
      return commit(asking, [bound(d1, db.update(productVersions).set({ manifest }).where(one)), guard(d1)], told);
    },

    insert: (row: ProductVersionRow, told: Told) => commit(asking, [bound(d1, db.insert(productVersions).values(row))], told),
  };
}
