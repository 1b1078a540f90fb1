import { and, desc, eq, gte, lt, ne, sql } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { payments } from "./tables.ts";

export type PaymentRow = typeof payments.$inferSelect;

type Filter = {
  status?: PaymentRow["status"] | undefined;
  customerId?: string | undefined;
  invoiceId?: string | undefined;
  orderId?: string | undefined;
  externalId?: string | undefined;
};

export function paymentsOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);

  return {
    byId: (id: string) =>
      db
        .select()
        .from(payments)
        .where(and(eq(payments.tenantId, tenantId), eq(payments.id, id)))
        .get(),

    /** The payment that a provider knows by this id. */
    byRef: (provider: PaymentRow["provider"], ref: string) =>
      db
        .select()
        .from(payments)
        .where(and(eq(payments.tenantId, tenantId), eq(payments.provider, provider), eq(payments.ref, ref)))
        .get(),

    /** Every try that a provider was to carry out for an invoice, the last one first. */
    attemptsOf: (invoiceId: string) =>
      db
        .select()
        .from(payments)
        .where(and(eq(payments.tenantId, tenantId), eq(payments.invoiceId, invoiceId), ne(payments.provider, "manual")))
        .orderBy(desc(payments.id))
        .limit(100),

    /** What came in a span, by currency and provider. */
    stats: (fromAt: Date, toAt: Date) => sumsOf(db, tenantId, fromAt, toAt),

    /** Whether a payment of an invoice has no definite outcome yet: one that the customer or the provider still works on. */
    isUnderWay: async (invoiceId: string): Promise<boolean> => {
      const found = await db
        .select({ id: payments.id })
        .from(payments)
        .where(
          and(
            eq(payments.tenantId, tenantId),
            eq(payments.invoiceId, invoiceId),
            sql`${payments.status} in ('requires_confirmation', 'requires_action', 'processing')`,
          ),
        )
        .limit(1);
      return found.length > 0;
    },

    list: async (page: Page, filter: Filter) =>
      pageOf(
        await db
          .select()
          .from(payments)
          .where(and(eq(payments.tenantId, tenantId), ...narrowed(filter), olderThan(payments.id, page)))
          .orderBy(desc(payments.id))
          .limit(page.limit + 1),
        page,
      ),
  };
}

const narrowed = (filter: Filter) => [
  filter.status === undefined ? undefined : eq(payments.status, filter.status),
  filter.customerId === undefined ? undefined : eq(payments.customerId, filter.customerId),
  filter.invoiceId === undefined ? undefined : eq(payments.invoiceId, filter.invoiceId),
  filter.orderId === undefined ? undefined : eq(payments.orderId, filter.orderId),
  filter.externalId === undefined ? undefined : eq(payments.externalId, filter.externalId),
];

function sumsOf(db: ReturnType<typeof dbOf>, tenantId: string, fromAt: Date, toAt: Date) {
  return db
    .select({
      currency: payments.currency,
      provider: payments.provider,
      count: sql<number>`count(*)`,
      received: sql<number>`sum(${payments.amountReceived})`,
      refunded: sql<number>`sum(${payments.amountRefunded})`,
      disputed: sql<number>`sum(${payments.amountDisputed})`,
      unapplied: sql<number>`sum(${payments.unapplied})`,
      fees: sql<number>`sum(${payments.fee})`,
    })
    .from(payments)
    .where(and(eq(payments.tenantId, tenantId), gte(payments.settledAt, fromAt), lt(payments.settledAt, toAt)))
    .groupBy(payments.currency, payments.provider);
}
