import { listQuery } from "#kernel/endpoint";
import { KnownCurrency } from "#kernel/terms";
import { z, ExternalId, InstantInput, ownedInput, Ref, text } from "#kernel/wire";
import { INVOICE_STATUSES } from "#rules/billing/invoices";

/** Lines that one invoice may have. */
export const MAX_LINES = 100;

const MinorUnits = z.int().min(-Number.MAX_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);

const Goods = z
  .string()
  .regex(/^[a-z0-9_]{1,40}$/, "must be 1 to 40 of a-z, 0-9 and underscore")
  .openapi({ description: "Which of your tax rates it is taxed at.", example: "standard" });

const NewInvoiceLine = z
  .strictObject({
    description: text(500),
    quantity: z.int().min(1).max(1_000_000).default(1),
    unit_amount: MinorUnits.openapi({ description: "The price of one, in minor units; negative to take something off." }),
    discount: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0).openapi({ description: "Off the line, in minor units." }),
    goods: Goods.default("standard"),
    product_id: Ref.nullish(),
    period_start_at: InstantInput.nullish(),
    period_end_at: InstantInput.nullish(),
  })
  .refine((line) => (line.period_start_at == null) === (line.period_end_at == null), {
    path: ["period_end_at"],
    message: "a period has a start and an end",
  })
  .refine((line) => !line.period_start_at || !line.period_end_at || line.period_start_at < line.period_end_at, {
    path: ["period_end_at"],
    message: "must lie behind the start",
  })
  .openapi("NewInvoiceLine");

const draftInput = {
  lines: z.array(NewInvoiceLine).max(MAX_LINES),
  collection_method: z.enum(["automatic", "send_invoice"]),
  net_terms_days: z.int().min(0).max(365),
  notes: text(2000).nullable(),
  tax_behavior: z.enum(["exclusive", "inclusive"]),
};

export const NewInvoice = z
  .strictObject({
    customer_id: Ref,
    legal_entity_id: Ref.optional().openapi({ description: "Who sells; left out: the default one." }),
    currency: KnownCurrency.optional().openapi({ description: "Left out: the tenant's." }),
    lines: draftInput.lines.default([]),
    collection_method: draftInput.collection_method.default("send_invoice"),
    net_terms_days: draftInput.net_terms_days.optional().openapi({ description: "Left out: settings.billing.net_terms_days." }),
    notes: draftInput.notes.optional(),
    tax_behavior: draftInput.tax_behavior.default("exclusive"),
    ...ownedInput,
  })
  .openapi("NewInvoice", {
    example: {
      customer_id: "cus_00…",
      legal_entity_id: "len_00…",
      lines: [{ description: "Setup, by the hour", quantity: 3, unit_amount: 12000, product_id: "prod_00…" }],
      net_terms_days: 14,
    },
  });

export const InvoiceChanges = z
  .strictObject({
    lines: draftInput.lines.optional(),
    collection_method: draftInput.collection_method.optional(),
    net_terms_days: draftInput.net_terms_days.optional(),
    notes: draftInput.notes.optional(),
    tax_behavior: draftInput.tax_behavior.optional(),
    ...ownedInput,
  })
  .openapi("InvoiceChanges", {
    example: {
      lines: [{ description: "Setup, by the hour", quantity: 2, unit_amount: 12000, product_id: "prod_00…" }],
      net_terms_days: 30,
    },
  });

export const InvoiceQuery = listQuery({
  status: z.enum(INVOICE_STATUSES).optional(),
  customer_id: Ref.optional(),
  order_id: Ref.optional(),
  number: z.string().min(1).max(60).optional(),
  external_id: ExternalId.optional(),
});

export const PayInvoice = z
  .strictObject({
    method: z.enum(["manual", "credit"]).default("manual").openapi({
      description: "manual: money that came outside of a provider, such as a transfer; credit: the customer's balance.",
    }),
    amount: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional().openapi({
      description: "Left out: all that is due. Of manual money, what is above it becomes the customer's credit.",
    }),
    note: text(500).nullish(),
  })
  .openapi("PayInvoice", { example: { method: "manual", note: "Transfer of 28 November" } });
