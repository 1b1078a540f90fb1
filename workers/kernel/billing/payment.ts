import type { PaymentRow } from "#db/billing/payments";
import type { CreditRow } from "#db/billing/invoices";
import { PROVIDERS } from "#rules/money";
import { presentOwned } from "../present.ts";
import { z, Instant, ownedOutput } from "../wire.ts";

/** How one try to take money stands. */
export const PAYMENT_STATES = [
  "requires_method",
  "requires_confirmation",
  "requires_action",
  "processing",
  "succeeded",
  "failed",
  "canceled",
] as const satisfies readonly PaymentRow["status"][];

export const Payment = z
  .object({
    object: z.literal("payment"),
    id: z.string(),
    status: z.enum(PAYMENT_STATES),
    provider: z.enum(PROVIDERS),
    provider_ref: z.string().nullable().openapi({ description: "The provider's own id of it." }),
    customer_id: z.string().nullable(),
    invoice_id: z.string().nullable(),
    order_id: z.string().nullable(),
    subscription_id: z.string().nullable(),
    payment_method_id: z.string().nullable(),
    attempt: z.int().openapi({ description: "Which try of its invoice it is." }),
    off_session: z.boolean().openapi({ description: "The customer was not there." }),
    currency: z.string(),
    amount: z.int(),
    amount_received: z.int(),
    amount_allocated: z.int().openapi({ description: "Put to its invoice." }),
    amount_credited: z.int().openapi({ description: "Given to the customer's balance." }),
    amount_refunded: z.int(),
    amount_disputed: z.int(),
    unapplied: z.int().openapi({ description: "Waits for an invoice." }),
    fee: z.int().openapi({ description: "What the provider kept." }),
    client_secret: z
      .string()
      .nullable()
      .openapi({ description: "Lets the buyer's browser pay. Shown only when it is made or read by id." }),
    approve_url: z.string().nullable().openapi({ description: "Where the buyer approves it at PayPal." }),
    decline_code: z.string().nullable(),
    advice_code: z.string().nullable(),
    failure: z.string().nullable().openapi({ description: "Why it failed, in the provider's words." }),
    note: z.string().nullable(),
    settled_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("Payment");

/** What a payment begins with, before a provider or a person says anything of it. */
export const NOTHING_PAID_YET = {
  status: "requires_method",
  ref: null,
  captureRef: null,
  paymentMethodId: null,
  attempt: 0,
  offSession: false,
  amountReceived: 0,
  amountAllocated: 0,
  amountCredited: 0,
  amountRefunded: 0,
  amountDisputed: 0,
  unapplied: 0,
  fee: 0,
  clientSecret: null,
  approveUrl: null,
  declineCode: null,
  adviceCode: null,
  failure: null,
  note: null,
  settledAt: null,
} as const satisfies Partial<PaymentRow>;

/** Shows a payment. The client secret comes in opened and only where the caller may see it: events and lists never hold it. */
export const presentPayment = (
  row: PaymentRow,
  { clientSecret = null }: { clientSecret?: string | null } = {},
): z.infer<typeof Payment> => ({
  object: "payment",
  id: row.id,
  status: row.status,
  provider: row.provider,
  provider_ref: row.ref,
  customer_id: row.customerId,
  invoice_id: row.invoiceId,
  order_id: row.orderId,
  subscription_id: row.subscriptionId,
  payment_method_id: row.paymentMethodId,
  attempt: row.attempt,
  off_session: row.offSession,
  currency: row.currency,
  amount: row.amount,
  amount_received: row.amountReceived,
  amount_allocated: row.amountAllocated,
  amount_credited: row.amountCredited,
  amount_refunded: row.amountRefunded,
  amount_disputed: row.amountDisputed,
  unapplied: row.unapplied,
  fee: row.fee,
  client_secret: clientSecret,
  approve_url: row.approveUrl,
  decline_code: row.declineCode,
  advice_code: row.adviceCode,
  failure: row.failure,
  note: row.note,
  settled_at: row.settledAt?.toISOString() ?? null,
  ...presentOwned(row),
});

export const Credit = z
  .object({
    object: z.literal("credit"),
    id: z.string(),
    customer_id: z.string(),
    currency: z.string(),
    source: z.enum(["credit_note", "overpayment", "manual", "promotion"]),
    source_id: z.string().nullable().openapi({ description: "The credit note or payment that it came from." }),
    amount: z.int(),
    remaining: z.int(),
    reason: z.string().nullable(),
    expires_at: Instant.nullable(),
    expired_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("Credit", { description: "A balance that a customer may spend on invoices of its currency." });

export const presentCredit = (row: CreditRow): z.infer<typeof Credit> => ({
  object: "credit",
  id: row.id,
  customer_id: row.customerId,
  currency: row.currency,
  source: row.source,
  source_id: row.sourceId,
  amount: row.amount,
  remaining: row.remaining,
  reason: row.reason,
  expires_at: row.expiresAt?.toISOString() ?? null,
  expired_at: row.expiredAt?.toISOString() ?? null,
  ...presentOwned(row),
});
