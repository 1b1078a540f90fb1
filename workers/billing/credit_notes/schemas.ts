import { documentOutput } from "#kernel/billing/invoice";
import { listQuery } from "#kernel/endpoint";
import { z, ExternalId, Instant, ownedInput, ownedOutput, Ref, text } from "#kernel/wire";

export const CREDIT_REASONS = ["order_change", "product_unsatisfactory", "duplicate", "fraudulent", "other"] as const;

export const CreditNote = z
  .object({
    object: z.literal("credit_note"),
    id: z.string(),
    invoice_id: z.string(),
    reason: z.enum(CREDIT_REASONS),
    ...documentOutput,
    to_due: z.int().openapi({ description: "Off what was due of the invoice." }),
    to_credit: z.int().openapi({ description: "To the customer's balance." }),
    to_refund: z.int().openapi({ description: "Back to who paid." }),
    refund_id: z.string().nullable(),
    issued_at: Instant,
    ...ownedOutput,
  })
  .openapi("CreditNote");

const PositiveAmount = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

const CreditedLine = z
  .strictObject({
    line: z.string().min(1).max(20).openapi({ description: "Of the invoice.", example: "1" }),
    quantity: z.int().min(1).optional().openapi({ description: "How many of it; left out with amount: what is left of it." }),
    amount: PositiveAmount.optional().openapi({ description: "In the invoice's tax_behavior." }),
  })
  .refine((line) => line.quantity === undefined || line.amount === undefined, {
    path: ["amount"],
    message: "give a quantity or an amount, and not both",
  })
  .openapi("CreditedLine");

const wish = {
  invoice_id: Ref,
  amount: PositiveAmount.optional().openapi({
    description: "What the customer gets with its tax, over all lines in proportion.",
  }),
  lines: z.array(CreditedLine).min(1).max(100).optional(),
};

export const NewCreditNote = z
  .strictObject({
    ...wish,
    reason: z.enum(CREDIT_REASONS).default("other"),
    notes: text(2000).nullish(),
    ...ownedInput,
  })
  .refine((body) => body.amount === undefined || body.lines === undefined, {
    path: ["lines"],
    message: "give an amount or lines, and not both; neither: all that is left",
  })
  .openapi("NewCreditNote", {
    example: { invoice_id: "inv_00…", lines: [{ line: "1", quantity: 1 }], reason: "order_change" },
  });

export const CreditNotePreviewInput = z
  .strictObject(wish)
  .refine((body) => body.amount === undefined || body.lines === undefined, {
    path: ["lines"],
    message: "give an amount or lines, and not both; neither: all that is left",
  })
  .openapi("CreditNotePreviewInput", { example: { invoice_id: "inv_00…", amount: 2500 } });

export const CreditNoteQuery = listQuery({
  invoice_id: Ref.optional(),
  customer_id: Ref.optional(),
  external_id: ExternalId.optional(),
});
