import { defineProblem } from "#kernel/problem";
import type { InvoiceMoveRefused } from "#rules/billing/invoices";

const from = (what: { what: string }) => what.what;

export const invoiceNotDraft = defineProblem<{ what: string }>({
  code: "invoice_not_draft",
  status: 409,
  title: "The invoice is final",
  fix: "Correct it with POST /v1/credit_notes, or void it with POST /v1/invoices/{id}/void while nothing was paid.",
  detail: from,
});

export const invoiceNotOpen = defineProblem<{ what: string }>({
  code: "invoice_not_open",
  status: 409,
  title: "The invoice is not open",
  fix: "Read its status with GET /v1/invoices/{id}: a draft is finalized first, one that is paid or void needs nothing more.",
  detail: from,
});

export const invoiceIncomplete = defineProblem<{ what: string }>({
  code: "invoice_incomplete",
  status: 409,
  title: "The draft cannot become an invoice",
  fix: "Change its lines with PATCH /v1/invoices/{id}: it needs at least one, and a total that is not negative.",
  detail: from,
});

export const invoicePartlySettled = defineProblem<{ what: string }>({
  code: "invoice_partly_settled",
  status: 409,
  title: "Something was settled on the invoice already",
  fix: "Correct the rest with POST /v1/credit_notes.",
  detail: from,
});

export const paymentUnderWay = defineProblem<{ what: string }>({
  code: "payment_under_way",
  status: 409,
  title: "A payment is under way",
  fix: "Wait for its outcome, or cancel it with POST /v1/payments/{id}/cancel; GET /v1/payments?invoice_id= shows it.",
  detail: from,
});

export const creditMissing = defineProblem<{ available: number; currency: string }>({
  code: "credit_missing",
  status: 409,
  title: "The customer has no credit to spend",
  fix: "Grant some with POST /v1/customers/{id}/credits, or note a payment with method manual.",
  detail: ({ available, currency }) => `The balance in ${currency} is ${available}.`,
});

/** The problem that tells why an invoice may not make a move. A repetition is none: callers answer it like the first time. */
export function invoiceMoveProblem({ code, detail: what }: InvoiceMoveRefused): Error {
  return MOVE_PROBLEMS[code]({ what });
}

const MOVE_PROBLEMS: Record<InvoiceMoveRefused["code"], (facts: { what: string }) => Error> = {
  invoice_draft: (facts) => invoiceNotOpen(facts),
  invoice_not_draft: (facts) => invoiceNotDraft(facts),
  invoice_void: (facts) => invoiceNotOpen(facts),
  invoice_paid: (facts) => invoiceNotOpen(facts),
  invoice_not_given_up: (facts) => invoiceNotOpen(facts),
  no_lines: (facts) => invoiceIncomplete(facts),
  negative_total: (facts) => invoiceIncomplete(facts),
  amount_due: (facts) => invoiceNotOpen(facts),
  partly_settled: (facts) => invoicePartlySettled(facts),
  payment_under_way: (facts) => paymentUnderWay(facts),
  already_done: () => new Error("A move that was made already is answered, not refused"),
};
