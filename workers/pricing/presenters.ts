import type { CouponRow } from "#db/pricing/coupons";
import type { PlanRow } from "#db/pricing/plans";
import type { PriceRevisionRow } from "#db/pricing/price-revisions";
import type { Price as PriceAsStored } from "#db/pricing/prices";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import type { StoredPriceTerms } from "#rules/billing/price-terms";
import type { Coupon, Plan, Price, PriceRevision } from "./schemas.ts";

export const presentPlan = (row: PlanRow): z.infer<typeof Plan> => ({
  object: "plan",
  id: row.id,
  product_id: row.productId,
  template_id: row.templateId,
  code: row.code,
  name: row.name,
  description: row.description,
  highlights: row.highlights,
  tax_category: row.taxCategory,
  is_public: row.isPublic,
  position: row.position,
  archived_at: row.archivedAt?.toISOString() ?? null,
  ...presentOwned(row),
});

export const presentPrice = (row: PriceAsStored): z.infer<typeof Price> => ({
  object: "price",
  id: row.id,
  plan_id: row.planId,
  rev: row.rev,
  nickname: row.nickname,
  ...termsToWire(row.terms),
  archived_at: row.archivedAt?.toISOString() ?? null,
  ...presentOwned(row),
});

export const presentPriceRevision = (row: PriceRevisionRow): z.infer<typeof PriceRevision> => ({
  object: "price_revision",
  id: `${row.priceId}:${row.rev}`,
  price_id: row.priceId,
  rev: row.rev,
  ...termsToWire(row.terms),
  created_at: row.createdAt.toISOString(),
});

/** The terms of a price as the wire spells them. */
export const termsToWire = (terms: StoredPriceTerms) => ({
  currency: terms.currency,
  interval: terms.interval,
  interval_count: terms.intervalCount,
  scheme: terms.scheme,
  unit_amount: terms.unitAmount === null ? null : wholeUnits(terms.unitAmount),
  unit_amount_decimal: terms.unitAmount,
  tiers: terms.tiers.map(({ upTo, unitAmount, flatAmount }) => ({
    up_to: upTo,
    unit_amount: wholeUnits(unitAmount),
    unit_amount_decimal: unitAmount,
    flat_amount: flatAmount,
  })),
  package_size: terms.packageSize,
  metered_feature: terms.meteredFeatureId,
  tax_behavior: terms.taxBehavior,
  trial: terms.trial,
});

/** The number of minor units, or null where the amount is finer, or larger than a number holds exactly. */
function wholeUnits(text: string): number | null {
  const units = Number(text);
  return Number.isSafeInteger(units) && !text.includes(".") ? units : null;
}

export const presentCoupon = (row: CouponRow): z.infer<typeof Coupon> => ({
  object: "coupon",
  id: row.id,
  code: row.code,
  name: row.name,
  percent: row.percent,
  amount: row.amount,
  currency: row.currency,
  duration: row.duration,
  duration_months: row.durationMonths,
  max_redemptions: row.maxRedemptions,
  redemptions: row.redemptions,
  once_per_customer: row.oncePerCustomer,
  redeem_by: row.redeemBy?.toISOString() ?? null,
  product_ids: row.productIds,
  price_ids: row.priceIds,
  archived_at: row.archivedAt?.toISOString() ?? null,
  ...presentOwned(row),
});
