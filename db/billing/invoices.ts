import { and, desc, eq, gte, lt, sql } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { credits, invoices } from "./tables.ts";

export type InvoiceRow = typeof invoices.$inferSelect;
export type CreditRow = typeof credits.$inferSelect;

type Filter = {
  status?: InvoiceRow["status"] | undefined;
  customerId?: string | undefined;
  subscriptionId?: string | undefined;
  orderId?: string | undefined;
  number?: string | undefined;
  externalId?: string | undefined;
};

export function invoicesOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(invoices.tenantId, tenantId), eq(invoices.id, id));

  return {
    byId: (id: string) => db.select().from(invoices).where(mine(id)).get(),

    /** The invoice of an order that is not void; undefined where it has none. */
    byOrder: (orderId: string) =>
      db
        .select()
        .from(invoices)
        .where(and(eq(invoices.tenantId, tenantId), eq(invoices.orderId, orderId), sql`${invoices.status} <> 'void'`))
        .get(),

    list: async (page: Page, filter: Filter) =>
      pageOf(
        await db
          .select()
          .from(invoices)
          .where(
            and(
              eq(invoices.tenantId, tenantId),
              filter.status === undefined ? undefined : eq(invoices.status, filter.status),
              filter.customerId === undefined ? undefined : eq(invoices.customerId, filter.customerId),
              filter.subscriptionId === undefined ? undefined : eq(invoices.subscriptionId, filter.subscriptionId),
              filter.orderId === undefined ? undefined : eq(invoices.orderId, filter.orderId),
              filter.number === undefined ? undefined : eq(invoices.number, filter.number),
              filter.externalId === undefined ? undefined : eq(invoices.externalId, filter.externalId),
              olderThan(invoices.id, page),
            ),
          )
          .orderBy(desc(invoices.id))
          .limit(page.limit + 1),
        page,
      ),

    /** What a customer may spend in a currency, in the order in which it is spent: what ends soonest first, then the oldest. At most 100. */
    spendable: (customerId: string, currency: string) =>
      db
        .select()
        .from(credits)
        .where(
          and(
            eq(credits.tenantId, tenantId),
            eq(credits.customerId, customerId),
            eq(credits.currency, currency),
            sql`${credits.remaining} > 0`,
            sql`(${credits.expiresAt} is null or ${credits.expiresAt} > ${now.getTime()})`,
          ),
        )
        .orderBy(sql`${credits.expiresAt} is null`, credits.expiresAt, credits.id)
        .limit(100),

    /** How many invoices were issued in a span, and for how much, by status and currency. */
    stats: (fromAt: Date, toAt: Date) =>
      db
        .select({
          status: invoices.status,
          currency: invoices.currency,
          count: sql<number>`count(*)`,
          total: sql<number>`sum(${invoices.total})`,
          tax: sql<number>`sum(${invoices.taxTotal})`,
          paid: sql<number>`sum(${invoices.amountPaid})`,
          due: sql<number>`sum(${invoices.amountDue})`,
          credited: sql<number>`sum(${invoices.amountCredited})`,
          overdue: sql<number>`sum(case when ${invoices.status} = 'open' and ${invoices.dueAt} < ${now.getTime()} then ${invoices.amountDue} else 0 end)`,
        })
        .from(invoices)
        .where(and(eq(invoices.tenantId, tenantId), gte(invoices.issuedAt, fromAt), lt(invoices.issuedAt, toAt)))
        .groupBy(invoices.status, invoices.currency),
  };
}
