import { createRoute } from "@hono/zod-openapi";
import { InvoiceLine, presentLine, TaxGroupShown } from "#kernel/billing/invoice";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { invoiceNotFound } from "#kernel/not-found";
import { z } from "#kernel/wire";
import { planned } from "./planning.ts";
import { creditTooLarge, invoiceNotCreditable } from "./problems.ts";
import { CreditNotePreviewInput } from "./schemas.ts";

const CreditNotePreview = z
  .object({
    object: z.literal("credit_note_preview"),
    invoice_id: z.string(),
    currency: z.string(),
    lines: z.array(InvoiceLine),
    tax_groups: z.array(TaxGroupShown),
    taxable: z.int(),
    tax_total: z.int(),
    rounding: z.int(),
    total: z.int(),
    to_due: z.int(),
    to_credit: z.int(),
    closes: z.boolean().openapi({ description: "Nothing of the invoice would be left." }),
  })
  .openapi("CreditNotePreview");

export const previewCreditNote = endpoint({
  route: createRoute({
    operationId: "credit_notes.preview",
    method: "post",
    path: "/v1/credit_notes/preview",
    security: scope("credit_notes:read"),
    summary: "Preview a credit note",
    description: "What it would give back, line by line, and where to. Nothing is written.",
    request: { body: jsonBody(CreditNotePreviewInput) },
    responses: {
      200: json(CreditNotePreview, "What it would be"),
      ...problems(invoiceNotFound, invoiceNotCreditable, creditTooLarge),
    },
  }),
  idempotent: false,

  handler: async (c) => {
    const { invoice, plan, use } = await planned(c.var.repo, c.req.valid("json"));
    const { taxable, taxTotal, rounding, total, groups } = plan.totals;
    const answer = {
      object: "credit_note_preview" as const,
      invoice_id: invoice.id,
      currency: invoice.currency,
      lines: plan.lines.map(presentLine),
      tax_groups: groups,
      taxable,
      tax_total: taxTotal,
      rounding,
      total,
      to_due: use.toDue,
      to_credit: use.toCredit,
      closes: plan.closes,
    };
    return c.json(answer, 200);
  },
});
