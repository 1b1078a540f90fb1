import { and, eq, sql } from "drizzle-orm";
import { isNewestRevision } from "../catalog/template-revisions.ts";
import { products, templateRevisions, templates } from "../catalog/tables.ts";
import { bound, commit, type Asking, type Told } from "../commit.ts";
import { customers } from "../customers/tables.ts";
import { dbOf } from "../db.ts";
import { paymentProviders } from "../tenants/tables.ts";
import { orderNumbers, orders } from "./tables.ts";

type OrderRow = typeof orders.$inferSelect;

/** What the placing of an order reads and writes. */
export function placingOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);

  return {
    /** All that an order is made from, as far as it is there: who buys, who resells, the templates with their newest terms, and whether Stripe is set up. */
    ingredients: async ({
      customerId,
      resellerId,
      templateIds,
    }: {
      customerId: string;
      resellerId: string | null;
      templateIds: readonly string[];
    }) => {
      const people = JSON.stringify([customerId, resellerId]);
      const [buyers, offered, providers] = await db.batch([
        // whole rows: for two columns the planner would rather walk an index over every customer
        db
          .select()
          .from(customers)
          .where(and(eq(customers.tenantId, tenantId), sql`${customers.id} in (select value from json_each(${people}))`)),
        db
          .select({
            template: templates,
            terms: templateRevisions.terms,
            // named apart from the template's own: in a batch D1 keeps one value of a name
            isProductArchived: sql<number>`${products.archivedAt} is not null`.as("is_product_archived"),
          })
          .from(templates)
          .innerJoin(templateRevisions, isNewestRevision)
          .innerJoin(products, and(eq(products.tenantId, templates.tenantId), eq(products.id, templates.productId)))
          .where(
            and(
              eq(templates.tenantId, tenantId),
              sql`${templates.id} in (select value from json_each(${JSON.stringify(templateIds)}))`,
            ),
          ),
        db.select({ provider: paymentProviders.provider }).from(paymentProviders).where(eq(paymentProviders.tenantId, tenantId)),
      ]);
      const person = (id: string | null) => buyers.find((buyer) => buyer.id === id);
      return {
        customer: person(customerId),
        reseller: person(resellerId),
        offered: new Map(offered.map((offer) => [offer.template.id, offer])),
        hasStripe: providers.length > 0,
      };
    },

    /** Takes the next number. One statement: however many orders are placed at once, nobody waits for another and no two get the same. */
    takeNumber: async (): Promise<number> => {
      const taken = await db
        .insert(orderNumbers)
        .values({ tenantId, last: 1 })
        .onConflictDoUpdate({ target: orderNumbers.tenantId, set: { last: sql`${orderNumbers.last} + 1` } })
        .returning({ last: orderNumbers.last })
        .get();
      return taken.last;
    },

    insert: (row: OrderRow, told: Told) => commit(asking, [bound(d1, db.insert(orders).values(row))], told),
  };
}
