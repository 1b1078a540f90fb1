import { and, count, eq, max, sql, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import { products, templateRevisions, templates } from "../catalog/tables.ts";
import type { Asking } from "../commit.ts";
import { customers } from "../customers/tables.ts";
import { dbOf } from "../db.ts";
import { licenses } from "../licensing/tables.ts";

/** What licenses that come from elsewhere meet here: keys and ids that are taken, customers, templates. */
export function importsOf({ d1, tenantId }: Asking) {
  const db = dbOf(d1);

  return {
    /** Which digests of license keys, and which ids of the tenant's own, are taken. */
    taken: async (keyHashes: readonly string[], externalIds: readonly string[]) => {
      const [keys, names] = await db.batch([
        db
          .select({ keyHash: licenses.keyHash })
          .from(licenses)
          .where(and(eq(licenses.tenantId, tenantId), among(licenses.keyHash, keyHashes))),
        db
          .select({ externalId: licenses.externalId })
          .from(licenses)
          .where(and(eq(licenses.tenantId, tenantId), among(licenses.externalId, externalIds))),
      ]);
      return { keys: new Set(keys.map((each) => each.keyHash)), externalIds: new Set(names.map((each) => each.externalId)) };
    },

    /** Customers by their ids, or by the tenant's own ids for them. */
    customersNamed: async (ids: readonly string[], externalIds: readonly string[]) => {
      const [byId, byExternalId] = await db.batch([
        db
          .select()
          .from(customers)
          .where(and(eq(customers.tenantId, tenantId), among(customers.id, ids))),
        db
          .select()
          .from(customers)
          .where(and(eq(customers.tenantId, tenantId), among(customers.externalId, externalIds))),
      ]);
      return [...byId, ...byExternalId];
    },

    /** E-mail addresses that customers have: how many of them, and the newest. */
    customersByEmail: (emails: readonly string[]) =>
      db
        .select({ email: customers.email, customers: count(), id: max(customers.id) })
        .from(customers)
        .where(and(eq(customers.tenantId, tenantId), among(customers.email, emails)))
        .groupBy(customers.email),

    /** Templates with the number of their newest revision, and whether they or their products are put away. */
    templatesNamed: (ids: readonly string[]) =>
      db
        .select({
          id: templates.id,
          productId: templates.productId,
          rev: templates.rev,
          archivedAt: templates.archivedAt,
          isProductArchived: sql<number>`${products.archivedAt} is not null`.as("is_product_archived"),
        })
        .from(templates)
        .innerJoin(products, and(eq(products.tenantId, templates.tenantId), eq(products.id, templates.productId)))
        .where(and(eq(templates.tenantId, tenantId), among(templates.id, ids))),

    /** The pinned terms of templates, by id and number. */
    revisions: (pins: readonly (readonly [templateId: string, rev: number])[]) =>
      db
        .select()
        .from(templateRevisions)
        .where(
          and(
            eq(templateRevisions.tenantId, tenantId),
            sql`(${templateRevisions.templateId}, ${templateRevisions.rev}) in (select value ->> 0, value ->> 1 from json_each(${JSON.stringify(pins)}))`,
          ),
        ),
  };
}

/** One parameter, however many there are: the database takes a hundred. */
const among = (column: SQLiteColumn, values: readonly (string | number)[]): SQL =>
  sql`${column} in (select value from json_each(${JSON.stringify(values)}))`;
