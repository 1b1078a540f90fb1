import type { InvoiceRow } from "#db/billing/invoices";
import { TAX_CATEGORIES, type DocumentLine, type Party, type TaxGroup } from "#rules/billing/documents";
import { INVOICE_STATUSES } from "#rules/billing/invoices";
import { presentOwned } from "../present.ts";
import { z, Instant, ownedOutput } from "../wire.ts";

/** Why there is an invoice. */
export const BILLING_REASONS = ["manual", "order", "subscription_create", "subscription_cycle", "subscription_update"] as const;

const Decimal = z
  .string()
  .openapi({ description: "In minor units, as a decimal text: a price each may be finer than one.", example: "0.05" });

const DateText = z.string().openapi({ format: "date", example: "2026-11-28" });

export const Derivation = z
  .looseObject({ kind: z.enum(["flat", "scheme", "proration", "manual"]) })
  .openapi("Derivation", { description: "How the amount came about, so that anybody can recompute it." });

export const InvoiceLine = z
  .object({
    id: z.string().openapi({ description: "Within its document.", example: "1" }),
    description: z.string(),
    quantity: z.number(),
    unit_amount: z
      .int()
      .nullable()
      .openapi({ description: "Minor units; null: the price each is finer than one, or has tiers." }),
    unit_amount_decimal: Decimal.nullable(),
    amount: z.int().openapi({ description: "Before discount; negative where a line gives something back." }),
    discount: z.int(),
    net: z.int().openapi({ description: "amount - discount; it holds its tax where tax_behavior is inclusive." }),
    tax_rate: z.string().openapi({ description: "Percent.", example: "19" }),
    tax_rate_id: z.string().nullable(),
    tax_category: z
      .enum(TAX_CATEGORIES)
      .openapi({ description: "As EN 16931 names it: S standard, AE reverse charge, O outside of scope, …" }),
    tax_reason: z.string().nullable(),
    goods: z.string().openapi({ description: "Which of the tenant's rates it is taxed at.", example: "standard" }),
    product_id: z.string().nullable(),
    price_id: z.string().nullable(),
    price_rev: z.int().nullable(),
    period_start_at: Instant.nullable(),
    period_end_at: Instant.nullable(),
    derivation: Derivation,
    credits_line: z.object({ invoice_id: z.string(), line_id: z.string() }).nullable(),
  })
  .openapi("InvoiceLine");

export const TaxGroupShown = z
  .object({
    category: z.enum(TAX_CATEGORIES),
    rate: z.string(),
    reason: z.string().nullable(),
    taxable: z.int(),
    tax: z.int(),
  })
  .openapi("TaxGroup", { description: "What is taxed alike: summed over its lines, and taxed once." });

export const PartyShown = z
  .object({
    name: z.string(),
    email: z.string().nullable(),
    address: z.object({
      line1: z.string().nullable(),
      line2: z.string().nullable(),
      city: z.string().nullable(),
      postal_code: z.string().nullable(),
      state: z.string().nullable(),
      country: z.string().nullable(),
    }),
    country: z.string().nullable(),
    vat_id: z.string().nullable(),
    registration: z.string().nullable(),
  })
  .openapi("Party", { description: "Seller or buyer, as the document names them." });

/** What invoices and credit notes have in common. */
export const documentOutput = {
  number: z
    .string()
    .nullable()
    .openapi({ description: "Given when the document becomes final: gapless within its series.", example: "INV-2026-000042" }),
  customer_id: z.string(),
  legal_entity_id: z.string(),
  currency: z.string(),
  tax_behavior: z.enum(["exclusive", "inclusive"]),
  lines: z.array(InvoiceLine),
  tax_groups: z.array(TaxGroupShown),
  subtotal: z.int().openapi({ description: "Sum of the amounts before discount." }),
  discount_total: z.int(),
  taxable: z.int().openapi({ description: "What is taxed, without tax." }),
  tax_total: z.int(),
  rounding: z.int().openapi({
    description: "Between inclusive prices and any net with its tax (EN 16931 BT-114): total = taxable + tax_total + rounding.",
  }),
  total: z.int(),
  seller: PartyShown.nullable().openapi({ description: "As they stood when it became final; null: a draft." }),
  buyer: PartyShown.nullable(),
  notes: z.string().nullable(),
  tax_point_on: DateText.nullable().openapi({ description: "The day whose rates count." }),
  content_hash: z.string().nullable().openapi({ description: "SHA-256 of what is final, without the number." }),
  pdf: z
    .object({ sha256: z.string(), no_xml_reason: z.string().nullable() })
    .nullable()
    .openapi({ description: "The file, once it was made; it is the same for ever." }),
};

export const Invoice = z
  .object({
    object: z.literal("invoice"),
    id: z.string(),
    status: z.enum(INVOICE_STATUSES),
    billing_reason: z.enum(BILLING_REASONS),
    order_id: z.string().nullable(),
    subscription_id: z.string().nullable(),
    collection_method: z.enum(["automatic", "send_invoice"]),
    net_terms_days: z.int(),
    ...documentOutput,
    amount_paid: z.int(),
    amount_credited: z.int().openapi({ description: "By credit notes, off what was due." }),
    credit_applied: z.int().openapi({ description: "From the customer's balance." }),
    amount_due: z.int(),
    attempts_count: z.int().openapi({ description: "Charges tried." }),
    next_attempt_at: Instant.nullable(),
    due_at: Instant.nullable(),
    issued_at: Instant.nullable(),
    paid_at: Instant.nullable(),
    voided_at: Instant.nullable(),
    uncollectible_at: Instant.nullable(),
    sent_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("Invoice");

/** Shows an invoice: rooms that make one tell of it. */
export const presentInvoice = (row: InvoiceRow): z.infer<typeof Invoice> => ({
  object: "invoice",
  id: row.id,
  status: row.status,
  billing_reason: row.billingReason,
  order_id: row.orderId,
  subscription_id: row.subscriptionId,
  collection_method: row.collectionMethod,
  net_terms_days: row.netTermsDays,
  ...presentDocument(row),
  amount_paid: row.amountPaid,
  amount_credited: row.amountCredited,
  credit_applied: row.creditApplied,
  amount_due: row.amountDue,
  attempts_count: row.attempts,
  next_attempt_at: at(row.nextAttemptAt),
  due_at: at(row.dueAt),
  issued_at: at(row.issuedAt),
  paid_at: at(row.paidAt),
  voided_at: at(row.voidedAt),
  uncollectible_at: at(row.uncollectibleAt),
  sent_at: at(row.sentAt),
  ...presentOwned(row),
});

/** What invoices and credit notes have in common. */
export const presentDocument = (
  row: Pick<
    InvoiceRow,
    | "number"
    | "customerId"
    | "legalEntityId"
    | "currency"
    | "taxBehavior"
    | "lines"
    | "taxGroups"
    | "subtotal"
    | "discountTotal"
    | "taxable"
    | "taxTotal"
    | "rounding"
    | "total"
    | "seller"
    | "buyer"
    | "notes"
    | "taxPointOn"
    | "contentHash"
    | "pdfSha256"
    | "noXmlReason"
  >,
) => ({
  number: row.number,
  customer_id: row.customerId,
  legal_entity_id: row.legalEntityId,
  currency: row.currency,
  tax_behavior: row.taxBehavior,
  lines: row.lines.map(presentLine),
  tax_groups: row.taxGroups.map(presentTaxGroup),
  subtotal: row.subtotal,
  discount_total: row.discountTotal,
  taxable: row.taxable,
  tax_total: row.taxTotal,
  rounding: row.rounding,
  total: row.total,
  seller: row.seller && presentParty(row.seller),
  buyer: row.buyer && presentParty(row.buyer),
  notes: row.notes,
  tax_point_on: row.taxPointOn,
  content_hash: row.contentHash,
  pdf: row.pdfSha256 === null ? null : { sha256: row.pdfSha256, no_xml_reason: row.noXmlReason },
});

export const presentLine = (line: DocumentLine): z.infer<typeof InvoiceLine> => ({
  id: line.id,
  description: line.description,
  quantity: line.quantity,
  unit_amount: wholeUnits(line.unitAmount),
  unit_amount_decimal: line.unitAmount,
  amount: line.amount,
  discount: line.discount,
  net: line.net,
  tax_rate: line.tax.rate,
  tax_rate_id: line.tax.taxRateId,
  tax_category: line.tax.category,
  tax_reason: line.tax.reason,
  goods: line.tax.goods ?? "standard",
  product_id: line.productId,
  price_id: line.priceId,
  price_rev: line.priceRev,
  period_start_at: line.periodStartAt,
  period_end_at: line.periodEndAt,
  derivation: line.derivation,
  credits_line: line.creditsLine && { invoice_id: line.creditsLine.invoiceId, line_id: line.creditsLine.lineId },
});

const presentTaxGroup = ({ category, rate, reason, taxable, tax }: TaxGroup): z.infer<typeof TaxGroupShown> => ({
  category,
  rate,
  reason,
  taxable,
  tax,
});

const presentParty = (party: Party): z.infer<typeof PartyShown> => ({
  name: party.name,
  email: party.email,
  address: party.address,
  country: party.country,
  vat_id: party.vatId,
  registration: party.registration,
});

/** A price each that is a whole number of minor units. */
function wholeUnits(unitAmount: string | null): number | null {
  return unitAmount !== null && /^-?\d{1,15}$/.test(unitAmount) ? Number(unitAmount) : null;
}

const at = (instant: Date | null) => instant?.toISOString() ?? null;
