import type { PaymentMethodRow } from "#db/billing/payment-methods";
import { presentOwned } from "../present.ts";
import { z, Instant, ownedOutput } from "../wire.ts";

/** How a saved method stands: it may be charged while it is active. */
export const METHOD_STATUSES = [
  "pending",
  "requires_action",
  "active",
  "failed",
  "detached",
] as const satisfies readonly PaymentMethodRow["status"][];

export const PaymentMethod = z
  .object({
    object: z.literal("payment_method"),
    id: z.string(),
    customer_id: z.string(),
    provider: z.enum(["stripe", "paypal"]),
    provider_ref: z.string().nullable().openapi({ description: "The provider's own id of it, once it is saved." }),
    status: z.enum(METHOD_STATUSES),
    type: z.string().nullable().openapi({ description: "card, paypal, sepa_debit, …", example: "card" }),
    brand: z.string().nullable(),
    last4: z.string().nullable(),
    exp_month: z.int().nullable(),
    exp_year: z.int().nullable(),
    country: z.string().nullable().openapi({ description: "Where it was issued." }),
    is_default: z.boolean().openapi({ description: "Charged where none is named." }),
    ended_reason: z.string().nullable().openapi({ description: "Why it is not charged any more." }),
    client_secret: z.string().nullable().openapi({
      description: "Lets the customer's browser save it. Shown only when it is made or read by id, until it is saved.",
    }),
    detached_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("PaymentMethod");

/** Shows a method. The client secret comes in opened and only where the caller may see it: events and lists never hold it. */
export const presentPaymentMethod = (
  row: PaymentMethodRow,
  { clientSecret = null }: { clientSecret?: string | null } = {},
): z.infer<typeof PaymentMethod> => ({
  object: "payment_method",
  id: row.id,
  customer_id: row.customerId,
  provider: row.provider,
  provider_ref: row.ref,
  status: row.status,
  type: row.type,
  brand: row.brand,
  last4: row.last4,
  exp_month: row.expMonth,
  exp_year: row.expYear,
  country: row.country,
  is_default: row.isDefault,
  ended_reason: row.endedReason,
  client_secret: clientSecret,
  detached_at: row.detachedAt?.toISOString() ?? null,
  ...presentOwned(row),
});
