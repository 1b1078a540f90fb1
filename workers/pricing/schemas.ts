import { listQuery } from "#kernel/endpoint";
import { Duration, KnownCurrency } from "#kernel/terms";
import { z, Amount, Code, ExternalId, Instant, InstantInput, ownedInput, ownedOutput, Ref, text } from "#kernel/wire";
import { COUPON_DURATIONS } from "#rules/billing/coupons";
import { PRICE_INTERVALS, PRICE_SCHEMES } from "#rules/billing/price-terms";
import { isUnitAmount, MAX_TIERS } from "#rules/billing/pricing";

const Archived = z
  .stringbool({ truthy: ["true"], falsy: ["false"] })
  .optional()
  .openapi({ type: "boolean" });

export const Plan = z
  .object({
    object: z.literal("plan"),
    id: z.string(),
    product_id: z.string().nullable(),
    template_id: z.string().nullable(),
    code: z.string().nullable(),
    name: z.string(),
    description: z.string().nullable(),
    highlights: z.array(z.string()),
    tax_category: z.string(),
    is_public: z.boolean(),
    position: z.int(),
    archived_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("Plan");

const planFields = {
  name: text(200),
  code: Code.nullish(),
  product_id: Ref.nullish().openapi({ description: "Id or code of the product." }),
  template_id: Ref.nullish().openapi({ description: "The template of the license that comes with it; null = none does." }),
  description: text(2000).nullish(),
  highlights: z.array(text(200)).max(20).optional().openapi({ description: "What a pricing page says of it, line by line." }),
  tax_category: Code.optional().openapi({ description: "Which of your tax rates it is taxed at. Left out: standard." }),
  is_public: z.boolean().optional().openapi({ description: "Whether anybody may see it. Left out: true." }),
  position: z.int().min(0).max(1_000_000).optional().openapi({ description: "Where it stands among the plans. Left out: 0." }),
  ...ownedInput,
};

export const NewPlan = z.strictObject(planFields).openapi("NewPlan", {
  example: {
    name: "Studio Team",
    code: "studio-team",
    product_id: "prod_000je5x2k8q1t4v7z0b3d6f9h2",
    template_id: "tpl_000je5x2k8q1t4v7z0b3d6f9h2",
    description: "For teams of up to fifty",
    highlights: ["Shared libraries", "Support by phone"],
    tax_category: "standard",
    is_public: true,
    position: 2,
    external_id: "plan-team",
    metadata: { page: "pricing" },
  },
});

export const PlanPatch = z
  .strictObject(planFields)
  .partial()
  .openapi("PlanPatch", { example: { name: "Studio Teams" } });

export const PlanQuery = listQuery({
  product_id: Ref.optional(),
  code: Code.optional(),
  external_id: ExternalId.optional(),
  archived: Archived,
});

/** A decimal number of minor units, for what is finer than one. */
const UnitAmountDecimal = z
  .string()
  .max(40)
  .refine(isUnitAmount, "must be a decimal number of minor units from 0, with at most 12 decimals")
  .openapi({ description: "Instead of unit_amount, for prices finer than a minor unit.", example: "0.125" });

const unitAmounts = { unit_amount: Amount.nullish(), unit_amount_decimal: UnitAmountDecimal.nullish() };

const Tier = z
  .strictObject({
    up_to: Amount.nullable().openapi({ description: "The last unit of the tier; null = without end." }),
    ...unitAmounts,
    flat_amount: Amount.optional().openapi({ description: "A fee for the tier, whatever the quantity." }),
  })
  .openapi("PriceTier", { example: { up_to: 100, unit_amount: 500, flat_amount: 0 } });

const termFields = {
  ...unitAmounts,
  tiers: z.array(Tier).max(MAX_TIERS).optional(),
  package_size: z.int().min(1).max(Number.MAX_SAFE_INTEGER).nullish().openapi({ description: "Units in a package." }),
  trial: Duration.nullish().openapi({ description: "How long before the first charge." }),
  nickname: text(200).nullish(),
  ...ownedInput,
};

const termsOutput = {
  currency: z.string(),
  interval: z.enum(PRICE_INTERVALS),
  interval_count: z.int(),
  scheme: z.enum(PRICE_SCHEMES),
  unit_amount: z.int().nullable().openapi({ description: "null = finer than a minor unit, or the tiers say it." }),
  unit_amount_decimal: z.string().nullable(),
  tiers: z.array(
    z.object({
      up_to: z.int().nullable(),
      unit_amount: z.int().nullable(),
      unit_amount_decimal: z.string(),
      flat_amount: z.int(),
    }),
  ),
  package_size: z.int().nullable(),
  metered_feature: z.string().nullable().openapi({ description: "Id of the feature whose use is counted; null = by quantity." }),
  tax_behavior: z.enum(["exclusive", "inclusive"]),
  trial: z.string().nullable(),
};

export const Price = z
  .object({
    object: z.literal("price"),
    id: z.string(),
    plan_id: z.string(),
    rev: z.int().openapi({ description: "The revision whose terms are shown: the newest." }),
    nickname: z.string().nullable(),
    ...termsOutput,
    archived_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("Price");

export const NewPrice = z
  .strictObject({
    plan_id: Ref,
    currency: KnownCurrency,
    interval: z.enum(PRICE_INTERVALS),
    interval_count: z.int().min(1).max(365).default(1),
    scheme: z.enum(PRICE_SCHEMES).default("per_unit"),
    metered_feature: Ref.nullish().openapi({ description: "Id or code of the feature whose use is counted." }),
    tax_behavior: z.enum(["exclusive", "inclusive"]).default("exclusive"),
    ...termFields,
  })
  .openapi("NewPrice", {
    example: {
      plan_id: "pln_000je5x2k8q1t4v7z0b3d6f9h2",
      currency: "EUR",
      unit_amount: 1900,
      interval: "month",
      interval_count: 1,
      scheme: "per_unit",
      tax_behavior: "exclusive",
      trial: "P14D",
      nickname: "Monthly, each seat",
      external_id: "team-month",
      metadata: { page: "pricing" },
    },
  });

export const PricePatch = z
  .strictObject({ scheme: z.enum(PRICE_SCHEMES).optional(), ...termFields })
  .openapi("PricePatch", { example: { unit_amount: 2100 } });

export const PriceQuery = listQuery({ plan_id: Ref.optional(), external_id: ExternalId.optional(), archived: Archived });

export const PriceRevision = z
  .object({
    object: z.literal("price_revision"),
    id: z.string().openapi({ description: "The price's id and the revision, with a colon between them." }),
    price_id: z.string(),
    rev: z.int(),
    ...termsOutput,
    created_at: Instant,
  })
  .openapi("PriceRevision");

export const PriceRevisionQuery = listQuery({});

export const PricePreviewAsk = z
  .strictObject({ quantity: Amount.openapi({ description: "How many, or how much was used of a metered feature." }) })
  .openapi("PricePreviewAsk", { example: { quantity: 12 } });

export const PricePreview = z
  .object({
    object: z.literal("price_preview"),
    price_id: z.string(),
    rev: z.int(),
    currency: z.string(),
    quantity: z.int(),
    amount: z.int().openapi({ description: "Minor units, before discounts; in the price's tax_behavior." }),
    derivation: z.object({
      scheme: z.enum(PRICE_SCHEMES),
      package_size: z.int().nullable(),
      tiers: z.array(
        z.object({
          up_to: z.int().nullable(),
          quantity: z.int(),
          unit_amount_decimal: z.string(),
          flat_amount: z.int(),
          amount_decimal: z.string().openapi({ description: "Exact; the sum of them is rounded once, half away from zero." }),
        }),
      ),
    }),
  })
  .openapi("PricePreview");

/** What a buyer types; capitals or not makes no difference. */
const CouponCode = z
  .string()
  .regex(/^[A-Za-z0-9_-]{3,40}$/, "must be 3 to 40 letters, digits, dashes and underscores")
  .transform((code) => code.toUpperCase())
  .openapi({ example: "SPRING20" });

export const Coupon = z
  .object({
    object: z.literal("coupon"),
    id: z.string(),
    code: z.string().nullable(),
    name: z.string(),
    percent: z.string().nullable(),
    amount: z.int().nullable(),
    currency: z.string().nullable(),
    duration: z.enum(COUPON_DURATIONS),
    duration_months: z.int().nullable(),
    max_redemptions: z.int().nullable(),
    redemptions: z.int(),
    once_per_customer: z.boolean(),
    redeem_by: Instant.nullable(),
    product_ids: z.array(z.string()),
    price_ids: z.array(z.string()),
    archived_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("Coupon");

const couponFields = {
  name: text(200),
  code: CouponCode.nullish().openapi({ description: "What a buyer types; null = you alone give it, by its id." }),
  max_redemptions: z.int().min(1).max(1_000_000_000).nullish().openapi({ description: "null = as many as like." }),
  once_per_customer: z.boolean().optional(),
  redeem_by: InstantInput.nullish().openapi({ description: "From then on nobody redeems it any more; null = no end." }),
  ...ownedInput,
};

export const NewCoupon = z
  .strictObject({
    percent: z.string().max(20).nullish().openapi({ description: "As text, at most 4 decimals; or an amount.", example: "20" }),
    amount: Amount.nullish(),
    currency: KnownCurrency.nullish().openapi({ description: "Of the amount." }),
    duration: z.enum(COUPON_DURATIONS).default("once").openapi({ description: "Which invoices of a subscription it lowers." }),
    duration_months: z.int().min(1).max(120).nullish().openapi({ description: "Of a repeating one." }),
    product_ids: z.array(Ref).max(100).optional().openapi({ description: "Ids or codes; empty = any product." }),
    price_ids: z.array(Ref).max(100).optional().openapi({ description: "Empty = any price." }),
    ...couponFields,
  })
  .openapi("NewCoupon", {
    example: {
      name: "Spring",
      code: "SPRING20",
      percent: "20",
      duration: "repeating",
      duration_months: 3,
      max_redemptions: 500,
      once_per_customer: true,
      redeem_by: "2027-06-01T00:00:00.000Z",
      product_ids: ["prod_000je5x2k8q1t4v7z0b3d6f9h2"],
      price_ids: ["prc_000je5x2k8q1t4v7z0b3d6f9h2"],
      external_id: "spring",
      metadata: { campaign: "spring" },
    },
  });

export const CouponPatch = z
  .strictObject(couponFields)
  .partial()
  .openapi("CouponPatch", { example: { max_redemptions: 1000 } });

export const CouponQuery = listQuery({ code: CouponCode.optional(), external_id: ExternalId.optional(), archived: Archived });

/** What a pricing page shows at most. */
export const SHOWN_AT_MOST = { plans: 100, prices: 1000 };

export const PublicPricing = z
  .object({
    object: z.literal("pricing"),
    plans: z.array(
      z.object({
        id: z.string(),
        product_id: z.string().nullable(),
        code: z.string().nullable(),
        name: z.string(),
        description: z.string().nullable(),
        highlights: z.array(z.string()),
        prices: z.array(z.object({ id: z.string(), ...termsOutput })),
      }),
    ),
  })
  .openapi("PublicPricing");
