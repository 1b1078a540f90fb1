import { sql } from "drizzle-orm";
import { foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { instant, json, owned } from "../columns.ts";
import { customers } from "../customers/tables.ts";
import type { HeldCoupon } from "#rules/billing/coupons";
import type { TaxBehavior } from "#rules/billing/documents";
import type { BillingInterval } from "#rules/billing/periods";
import type { UntaxedLine } from "#rules/billing/proration";
import type { TaxEvidence } from "#rules/billing/tax-evidence";
import type { Provider } from "#rules/money";
import type { SubscriptionItem } from "#rules/sales/subscription-items";
import type { ScheduledChange, SubscriptionStatus } from "#rules/sales/subscriptions";
import type { FulfillmentMethod, OrderStatus, PaymentStatus, StoredDiscount, StoredOrderLine } from "#rules/sales/orders";

/** A request to buy, with the prices as they stood when it was placed. */
export const orders = sqliteTable(
  "orders",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    number: integer().notNull(), // 1, 2, 3 … within the tenant
    customerId: text().notNull(),
    resellerId: text(),
    status: text().$type<OrderStatus>().notNull(),
    paymentStatus: text().$type<PaymentStatus>().notNull(),
    provider: text().$type<Provider>().notNull(),
    providerRef: text(), // the provider's own id of the payment intent
    clientSecret: text(), // sealed; lets the buyer's browser pay
    fulfillmentMethod: text().$type<FulfillmentMethod>().notNull(),
    currency: text().notNull(),
    lines: json<StoredOrderLine[]>().notNull(),
    discount: json<StoredDiscount>(),
    subtotal: integer().notNull(),
    discountTotal: integer().notNull(),
    taxTotal: integer().notNull(),
    total: integer().notNull(),
    amountPaid: integer().notNull(),
    instructions: text(),
    legalEntityId: text(), // who sells; null: an order of before there were any
    taxBehavior: text().$type<TaxBehavior>().notNull().default("exclusive"),
    taxEvidence: json<TaxEvidence>(), // by what it was taxed; null: it was not
    couponId: text(),
    invoiceId: text(),
    subscriptionId: text(),
    fulfillmentRequestedAt: instant(),
    approvedAt: instant(),
    fulfilledAt: instant(),
    canceledAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.customerId], foreignColumns: [customers.tenantId, customers.id] }),
    uniqueIndex("orders_number").on(t.tenantId, t.number),
    uniqueIndex("orders_external").on(t.tenantId, t.externalId),
    uniqueIndex("orders_provider_ref").on(t.tenantId, t.provider, t.providerRef),
    index("orders_customer").on(t.tenantId, t.customerId, t.id),
    index("orders_status").on(t.tenantId, t.status, t.id),
    index("orders_payment_status").on(t.tenantId, t.paymentStatus, t.id),
    index("orders_unfulfilled")
      .on(t.tenantId, t.id)
      .where(sql`${t.status} = 'approved' and ${t.fulfillmentRequestedAt} is not null`),
  ],
);

/** The last order number that a tenant has given out. A number is taken before its order is written, so one is lost where that fails. */
export const orderNumbers = sqliteTable("order_numbers", {
  tenantId: text().primaryKey(),
  last: integer().notNull(),
});

/** A recurring purchase. Periods are counted from the anchor; what falls due next stands in `dueAt`. */
export const subscriptions = sqliteTable(
  "subscriptions",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    customerId: text().notNull(),
    legalEntityId: text().notNull(),
    orderId: text(),
    status: text().$type<SubscriptionStatus>().notNull(),
    currency: text().notNull(),
    taxBehavior: text().$type<TaxBehavior>().notNull(),
    items: json<SubscriptionItem[]>().notNull(),
    pendingLines: json<UntaxedLine[]>().notNull(), // what the next invoice bills beside its period
    scheduled: json<ScheduledChange>(), // what changes at the period's end
    coupons: json<HeldCoupon[]>().notNull(),
    provider: text().$type<Provider>().notNull(),
    providerRef: text(), // of a subscription that PayPal collects
    approveUrl: text(), // where the customer approves it there
    collectionMethod: text().$type<"automatic" | "send_invoice">().notNull(),
    netTermsDays: integer().notNull(),
    paymentMethodId: text(), // null: the customer's default
    templateId: text(), // the license that comes with it
    timeZone: text().notNull(), // by whose calendar its periods are counted
    interval: text().$type<BillingInterval>().notNull(),
    intervalCount: integer().notNull(),
    billingAnchorAt: instant().notNull(),
    periodIndex: integer().notNull(), // which period from the anchor runs
    currentPeriodStartAt: instant().notNull(),
    currentPeriodEndAt: instant().notNull(),
    trialStartAt: instant(),
    trialEndAt: instant(),
    cancelAt: instant(),
    cancelReason: text(),
    canceledAt: instant(),
    endedAt: instant(),
    pausedAt: instant(),
    resumeAt: instant(),
    latestInvoiceId: text(),
    dueAt: instant(), // when something falls due; null: nothing does
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.customerId], foreignColumns: [customers.tenantId, customers.id] }),
    uniqueIndex("subscriptions_external").on(t.tenantId, t.externalId),
    uniqueIndex("subscriptions_provider_ref")
      .on(t.tenantId, t.provider, t.providerRef)
      .where(sql`${t.providerRef} is not null`),
    index("subscriptions_customer").on(t.tenantId, t.customerId, t.id),
    index("subscriptions_status").on(t.tenantId, t.status, t.id),
    index("subscriptions_due")
      .on(t.dueAt)
      .where(sql`${t.dueAt} is not null`),
  ],
);

/** A provider's signed event, stored once before it is answered and applied by fetching what it speaks of. */
export const providerEvents = sqliteTable(
  "provider_events",
  {
    tenantId: text().notNull(),
    provider: text().$type<Exclude<Provider, "manual">>().notNull(),
    eventId: text().notNull(),
    type: text().notNull(),
    objectRef: text(), // the payment intent that it speaks of; null: nothing of ours
    receivedAt: instant().notNull(), // real time
    appliedAt: instant(), // null: stored, and still to be applied
    tryAt: instant(), // when the next sweep may try; null once applied
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.provider, t.eventId] }),
    index("provider_events_age").on(t.receivedAt),
    index("provider_events_waiting")
      .on(t.tryAt)
      .where(sql`${t.appliedAt} is null`),
  ],
);
