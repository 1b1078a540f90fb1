import { and, desc, eq } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { paymentMethods, providerCustomers } from "./tables.ts";

export type PaymentMethodRow = typeof paymentMethods.$inferSelect;
type PaidBy = PaymentMethodRow["provider"];

type Filter = {
  customerId?: string | undefined;
  status?: PaymentMethodRow["status"] | undefined;
  externalId?: string | undefined;
};

export function paymentMethodsOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  const mine = eq(paymentMethods.tenantId, tenantId);

  return {
    byId: (id: string) =>
      db
        .select()
        .from(paymentMethods)
        .where(and(mine, eq(paymentMethods.id, id)))
        .get(),

    /** The method that a setup intent, or a token that is yet to be approved, makes. */
    bySetup: (provider: PaidBy, setupRef: string) =>
      db
        .select()
        .from(paymentMethods)
        .where(and(mine, eq(paymentMethods.provider, provider), eq(paymentMethods.setupRef, setupRef)))
        .get(),

    defaultOf: (customerId: string) =>
      db
        .select()
        .from(paymentMethods)
        .where(and(mine, eq(paymentMethods.customerId, customerId), eq(paymentMethods.isDefault, true)))
        .get(),

    list: async (page: Page, filter: Filter) =>
      pageOf(
        await db
          .select()
          .from(paymentMethods)
          .where(
            and(
              mine,
              filter.customerId === undefined ? undefined : eq(paymentMethods.customerId, filter.customerId),
              filter.status === undefined ? undefined : eq(paymentMethods.status, filter.status),
              filter.externalId === undefined ? undefined : eq(paymentMethods.externalId, filter.externalId),
              olderThan(paymentMethods.id, page),
            ),
          )
          .orderBy(desc(paymentMethods.id))
          .limit(page.limit + 1),
        page,
      ),

    /** How a provider knows a customer; undefined: not at all. */
    customerAt: async (provider: PaidBy, customerId: string): Promise<string | undefined> => {
      const found = await db
        .select({ ref: providerCustomers.ref })
        .from(providerCustomers)
        .where(
          and(
            eq(providerCustomers.tenantId, tenantId),
            eq(providerCustomers.provider, provider),
            eq(providerCustomers.customerId, customerId),
          ),
        )
        .get();
      return found?.ref;
    },

    /** Keeps how a provider knows a customer; of two who found out at once the first is right. */
    keepCustomerAt: async (provider: PaidBy, customerId: string, ref: string): Promise<void> => {
      await db.insert(providerCustomers).values({ tenantId, provider, customerId, ref, createdAt: now }).onConflictDoNothing();
    },
  };
}
