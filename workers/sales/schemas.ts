import { listQuery } from "#kernel/endpoint";
import { Duration, Entitlements, GivenEntitlement, KnownCurrency, Restriction, Restrictions } from "#kernel/terms";
import { z, Amount, ExternalId, Instant, ownedInput, ownedOutput, Ref, text } from "#kernel/wire";
import { parsePercent, PROVIDERS } from "#rules/money";
import { FULFILLMENT_METHODS, ORDER_STATUSES, PAYMENT_STATUSES } from "#rules/sales/orders";

/** Licenses that one order may be for, over all its lines. */
export const MAX_LICENSES = 1000;
export const MAX_LINES = 100;

const Line = z
  .object({
    template_id: z.string(),
    template_rev: z.int().openapi({ description: "The revision whose terms were bought; later ones change nothing here." }),
    product_id: z.string(),
    name: z.string(),
    quantity: z.int(),
    unit_amount: z.int(),
    amount: z.int(),
    discount: z.int(),
    tax: z.int(),
    tax_rate: z.string().nullable().openapi({ description: "Percent; null: an order of before orders were taxed." }),
    tax_reason: z.string().nullable().openapi({ description: "Why there is no tax.", example: "Reverse charge" }),
    total: z.int(),
    overrides: z
      .object({
        duration: z.string().nullable().optional(),
        entitlements: z.array(GivenEntitlement).optional(),
        restrictions: z.array(Restriction).optional(),
      })
      .openapi({ description: "What the licenses of this line have apart from their template." }),
  })
  .openapi("OrderLine");

const Payment = z
  .object({
    provider: z.enum(PROVIDERS),
    provider_ref: z.string().nullable().openapi({ description: "The provider's own id of the payment." }),
    client_secret: z.string().nullable().openapi({
      description: "Lets the buyer's browser pay. Shown when an order is placed or read by id, for as long as it is to be paid.",
    }),
  })
  .openapi("OrderPayment");

const Discount = z
  .union([
    z.object({ percent: z.string(), reason: z.string().nullable() }),
    z.object({ amount: z.int(), reason: z.string().nullable() }),
  ])
  .openapi("OrderDiscount");

export const Order = z
  .object({
    object: z.literal("order"),
    id: z.string(),
    number: z.string(),
    status: z.enum(ORDER_STATUSES),
    payment_status: z.enum(PAYMENT_STATUSES),
    customer_id: z.string(),
    reseller_id: z.string().nullable(),
    currency: z.string(),
    subtotal: z.int(),
    discount: Discount.nullable(),
    discount_total: z.int(),
    tax_total: z.int(),
    total: z.int(),
    amount_paid: z
      .int()
      .openapi({ description: "What was received and did not go back; above the total, the rest is a surplus." }),
    lines: z.array(Line),
    payment: Payment,
    fulfillment_method: z.enum(FULFILLMENT_METHODS),
    instructions: z.string().nullable(),
    license_ids: z.array(z.string()),
    invoice_id: z.string().nullable(),
    subscription_id: z.string().nullable(),
    workflow_id: z
      .string()
      .nullable()
      .openapi({ description: "Of the story that fulfills it, once that was asked for: GET /v1/stories?workflow_id=." }),
    fulfillment_requested_at: Instant.nullable(),
    approved_at: Instant.nullable(),
    fulfilled_at: Instant.nullable(),
    canceled_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("Order");

const NewLine = z
  .strictObject({
    template_id: Ref,
    quantity: z.int().min(1).max(MAX_LICENSES).default(1),
    unit_amount: Amount.optional().openapi({ description: "The price of one license in minor units; left out: the template's." }),
    duration: Duration.nullish().openapi({ description: "null = perpetual; left out: the template's." }),
    entitlements: Entitlements.optional().openapi({ description: "Instead of the template's." }),
    restrictions: Restrictions.optional().openapi({ description: "Instead of the template's." }),
  })
  .openapi("NewOrderLine");

const Percent = z
  .union([z.number(), z.string().max(20)])
  .refine((percent) => parsePercent(percent) !== null, "must be a percentage from 0 to 100 with at most 4 decimals");

const NewDiscount = z
  .union([
    z.strictObject({ percent: Percent, reason: text(500).nullish() }),
    z.strictObject({ amount: Amount, reason: text(500).nullish() }),
  ])
  .openapi("NewOrderDiscount", { description: "A deduction from the whole order: a percentage, or an amount in minor units." });

export const NewOrder = z
  .strictObject({
    customer_id: Ref,
    items: z
      .array(NewLine)
      .min(1)
      .max(MAX_LINES)
      .refine(
        (lines) => lines.reduce((sum, { quantity }) => sum + quantity, 0) <= MAX_LICENSES,
        `must be for at most ${MAX_LICENSES} licenses in all`,
      ),
    currency: KnownCurrency.optional().openapi({ description: "Left out: the currency of the templates, else the tenant's." }),
    discount: NewDiscount.nullish(),
    provider: z.enum(PROVIDERS).optional().openapi({ description: "Left out: stripe where it is set up, else manual." }),
    fulfillment_method: z.enum(FULFILLMENT_METHODS).default("auto").openapi({
      description: "auto: the licenses are issued as soon as the order is approved; manual: when it is fulfilled by hand.",
    }),
    reseller_id: Ref.nullish().openapi({ description: "A customer of kind organization." }),
    instructions: text(2000).nullish(),
    ...ownedInput,
  })
  .openapi("NewOrder", {
    example: {
      customer_id: "cus_00…",
      items: [{ template_id: "tpl_00…", quantity: 2, unit_amount: 4900 }],
      discount: { percent: 10, reason: "Spring sale" },
      provider: "manual",
      instructions: "Deliver with the contract 2026/17",
    },
  });

export const OrderQuery = listQuery({
  status: z.enum(ORDER_STATUSES).optional(),
  payment_status: z.enum(PAYMENT_STATUSES).optional(),
  customer_id: Ref.optional(),
  external_id: ExternalId.optional(),
});

export const OrderRef = z.strictObject({ tenant_id: Ref, order_id: Ref });
