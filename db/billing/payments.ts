import { and, desc, eq, sql } from "drizzle-orm";
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
          .where(
            and(
              eq(payments.tenantId, tenantId),
              filter.status === undefined ? undefined : eq(payments.status, filter.status),
              filter.customerId === undefined ? undefined : eq(payments.customerId, filter.customerId),
              filter.invoiceId === undefined ? undefined : eq(payments.invoiceId, filter.invoiceId),
              filter.orderId === undefined ? undefined : eq(payments.orderId, filter.orderId),
              filter.externalId === undefined ? undefined : eq(payments.externalId, filter.externalId),
              olderThan(payments.id, page),
            ),
          )
          .orderBy(desc(payments.id))
          .limit(page.limit + 1),
        page,
      ),
  };
}
