import { and, eq, inArray, sql } from "drizzle-orm";
import { isTrial } from "#rules/licensing/terms";
import { products, templateRevisions, templates } from "../catalog/tables.ts";
import { bound, commit, type Asking, type Statement, type Told } from "../commit.ts";
import { customers } from "../customers/tables.ts";
import { dbOf } from "../db.ts";
import { orders } from "../sales/tables.ts";
import type { LicenseRow } from "./rows.ts";
import { licenses } from "./tables.ts";
import { firstTerm } from "./written-terms.ts";

type Wanted = { templateId: string; customerId: string; resellerId: string | null };

/** What licenses are made from, and how they are added: one by one, or the licenses of an order. */
export function makingOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const people = (ids: readonly string[]) =>
    db
      .select()
      .from(customers)
      .where(and(eq(customers.tenantId, tenantId), inArray(customers.id, [...ids])));

  return {
    /** The template with its newest terms and its product, and the customer and the reseller, as far as they are there. */
    ingredients: async ({ templateId, customerId, resellerId }: Wanted) => {
      const template = and(eq(templates.tenantId, tenantId), eq(templates.id, templateId));
      const newest = db.select({ rev: templates.rev }).from(templates).where(template);
      const itsProduct = db.select({ id: templates.productId }).from(templates).where(template);
      const ofTemplate = and(eq(templateRevisions.tenantId, tenantId), eq(templateRevisions.templateId, templateId));
      // four tables and no join: a batch cannot tell two columns of one name apart
      const [[found], [revision], [product], persons] = await db.batch([
        db.select().from(templates).where(template),
        db
          .select()
          .from(templateRevisions)
          .where(and(ofTemplate, eq(templateRevisions.rev, newest))),
        db
          .select()
          .from(products)
          .where(and(eq(products.tenantId, tenantId), eq(products.id, itsProduct))),
        people(resellerId === null ? [customerId] : [customerId, resellerId]),
      ]);
      const person = (id: string | null) => persons.find((each) => each.id === id);
      return {
        offer: found && revision && product ? { template: found, terms: revision.terms, product } : undefined,
        customer: person(customerId),
        reseller: person(resellerId),
      };
    },

    /** The pinned terms of an order's lines, its customer, and which of these licenses there are already. */
    orderIngredients: async (order: typeof orders.$inferSelect, ids: readonly string[]) => {
      const pins = JSON.stringify(order.lines.map(({ templateId, templateRev }) => [templateId, templateRev]));
      const pinned = sql`(${templateRevisions.templateId}, ${templateRevisions.rev}) in (select value ->> 0, value ->> 1 from json_each(${pins}))`;
      const there = and(
        eq(licenses.tenantId, tenantId),
        sql`${licenses.id} in (select value from json_each(${JSON.stringify(ids)}))`,
      );
      const [revisions, [customer], made] = await db.batch([
        db
          .select()
          .from(templateRevisions)
          .where(and(eq(templateRevisions.tenantId, tenantId), pinned)),
        people([order.customerId]),
        db.select({ id: licenses.id }).from(licenses).where(there),
      ]);
      return { revisions, customer, made: new Set(made.map(({ id }) => id)) };
    },

    /**
     * Adds a license; undefined when its template or product is archived, or was just now.
     * Throws NotUnique on `trial_uses` for a trial of a customer who had one of the product.
     */
    insert: (row: LicenseRow, told: Told) =>
      commit(asking, [stillOffered(d1, row), ...making(asking, row), ...trialUsed(asking, [row])], told),

    /** By which license a customer had the trial of a product; undefined where there was none. */
    trialOf: async (customerId: string, productId: string): Promise<string | undefined> => {
      const used = `select license_id from trial_uses where tenant_id = ? and product_id = ? and kind = 'customer' and subject = ?`;
      const found = await d1.prepare(used).bind(tenantId, productId, customerId).first<{ license_id: string }>();
      return found?.license_id;
    },

    /**
     * Adds licenses of an order, all or none; undefined when the order changed since it was read.
     * Throws NotUnique when one of them is there already.
     */
    issue: (rows: readonly LicenseRow[], order: { id: string; version: number }, told: Told) =>
      commit(
        asking,
        [stillAsRead(asking, order), ...rows.flatMap((row) => making(asking, row)), ...trialUsed(asking, rows, { again: true })],
        told,
      ),
  };
}

/**
 * Notes of the trials among new licenses that their customers had them. A second one of a product undoes the batch, unless it may be had
 * `again`: what was ordered, or comes with its own past, is given all the same.
 */
export function trialUsed(
  { d1, tenantId, now }: Asking,
  rows: readonly LicenseRow[],
  { again }: { again: boolean } = { again: false },
): Statement[] {
  const used = `insert into trial_uses (tenant_id, product_id, kind, subject, license_id, used_at) values (?, ?, 'customer', ?, ?, ?)
    ${again ? "on conflict do nothing" : ""}`;
  return rows
    .filter((row) => isTrial(row) && row.convertedAt === null)
    .map(({ id, productId, customerId }) => d1.prepare(used).bind(tenantId, productId, customerId, id, now.getTime()));
}

/** The statements that add a license, with its first term where that begins at once. */
export function making(asking: Asking, row: LicenseRow): Statement[] {
  const added = bound(asking.d1, dbOf(asking.d1).insert(licenses).values(row));
  return [added, ...firstTerm(asking, row)];
}

/** Undoes the batch when template or product were put away: archiving and licensing are in one order, so none slips in behind. */
function stillOffered(d1: D1Database, { tenantId, templateId, productId }: LicenseRow): Statement {
  return d1
    .prepare(
      `select case when exists (
         select 1 from templates t join products p on p.tenant_id = t.tenant_id and p.id = ?3
         where t.tenant_id = ?1 and t.id = ?2 and t.archived_at is null and p.archived_at is null
       ) then 1 else json('guard:archived') end`,
    )
    .bind(tenantId, templateId, productId);
}

/** Undoes the batch when the order was canceled, or its money went back, between reading it and issuing its licenses. */
function stillAsRead({ d1, tenantId }: Asking, { id, version }: { id: string; version: number }): Statement {
  return d1
    .prepare(
      `select case when exists (select 1 from orders where tenant_id = ?1 and id = ?2 and version = ?3)
       then 1 else json('guard:the order changed') end`,
    )
    .bind(tenantId, id, version);
}
