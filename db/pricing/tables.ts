import { sql } from "drizzle-orm";
import { foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { products, templates } from "../catalog/tables.ts";
import { flag, instant, json, owned } from "../columns.ts";
import { customers } from "../customers/tables.ts";
import type { TaxBehavior } from "#rules/billing/documents";
import type { StoredPriceTerms } from "#rules/billing/price-terms";

/** What a customer subscribes to; how much it costs stands in its prices. */
export const plans = sqliteTable(
  "plans",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    productId: text(),
    templateId: text(), // the license that comes with it; null: it comes with none
    code: text(),
    name: text().notNull(),
    description: text(),
    highlights: json<string[]>().notNull(), // what a pricing page says of it, line by line
    taxCategory: text().notNull(), // which of a tenant's rates it is taxed at: standard, reduced, …
    isPublic: flag().notNull(), // shown on the public list
    position: integer().notNull(), // where on it
    archivedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.productId], foreignColumns: [products.tenantId, products.id] }),
    foreignKey({ columns: [t.tenantId, t.templateId], foreignColumns: [templates.tenantId, templates.id] }),
    uniqueIndex("plans_code").on(t.tenantId, t.code),
    uniqueIndex("plans_external").on(t.tenantId, t.externalId),
    index("plans_product").on(t.tenantId, t.productId, t.id),
    index("plans_public")
      .on(t.tenantId, t.position, t.id)
      .where(sql`${t.isPublic} = 1 and ${t.archivedAt} is null`),
  ],
);

/** How much a plan costs in one currency and rhythm; its terms stand in revisions, and a subscriber keeps the one they came under. */
export const prices = sqliteTable(
  "prices",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    planId: text().notNull(),
    nickname: text(),
    rev: integer().notNull(), // the newest revision
    currency: text().notNull(),
    interval: text().$type<"day" | "week" | "month" | "year" | "one_time">().notNull(),
    intervalCount: integer().notNull(),
    meteredFeatureId: text(), // counted by what is used of it; null: by quantity
    taxBehavior: text().$type<TaxBehavior>().notNull(),
    archivedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.planId], foreignColumns: [plans.tenantId, plans.id] }),
    uniqueIndex("prices_external").on(t.tenantId, t.externalId),
    index("prices_plan").on(t.tenantId, t.planId, t.id),
  ],
);

/** The terms of a price as they were sold. Never changed. */
export const priceRevisions = sqliteTable(
  "price_revisions",
  {
    tenantId: text().notNull(),
    priceId: text().notNull(),
    rev: integer().notNull(),
    terms: json<StoredPriceTerms>().notNull(),
    createdAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.priceId, t.rev] }),
    foreignKey({ columns: [t.tenantId, t.priceId], foreignColumns: [prices.tenantId, prices.id] }),
  ],
);

/** A deduction that buyers bring along. */
export const coupons = sqliteTable(
  "coupons",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    code: text(), // what a buyer types, upper case; null: given by the tenant alone
    name: text().notNull(),
    percent: text(), // at most 4 decimals; either this or an amount
    amount: integer(),
    currency: text(), // of the amount
    duration: text().$type<"once" | "repeating" | "forever">().notNull(),
    durationMonths: integer(), // of a repeating one
    maxRedemptions: integer(),
    redemptions: integer().notNull(),
    oncePerCustomer: flag().notNull(),
    redeemBy: instant(),
    productIds: json<string[]>().notNull(), // empty: any product
    priceIds: json<string[]>().notNull(), // empty: any price
    archivedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex("coupons_code").on(t.tenantId, t.code),
    uniqueIndex("coupons_external").on(t.tenantId, t.externalId),
  ],
);

/** A coupon that somebody redeemed, for one order or one subscription. */
export const couponRedemptions = sqliteTable(
  "coupon_redemptions",
  {
    tenantId: text().notNull(),
    couponId: text().notNull(),
    subjectId: text().notNull(), // ord_… or sub_…
    customerId: text().notNull(),
    redeemedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.couponId, t.subjectId] }),
    foreignKey({ columns: [t.tenantId, t.couponId], foreignColumns: [coupons.tenantId, coupons.id] }),
    foreignKey({ columns: [t.tenantId, t.customerId], foreignColumns: [customers.tenantId, customers.id] }),
    index("coupon_redemptions_customer").on(t.tenantId, t.couponId, t.customerId),
  ],
);
