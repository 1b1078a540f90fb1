import { defineProblem } from "#kernel/problem";

const from = ({ what }: { what: string }) => what;

export const creditNoteNotFound = defineProblem({
  code: "credit_note_not_found",
  status: 404,
  title: "No such credit note",
  fix: "List the credit notes with GET /v1/credit_notes.",
  detail: () => "This tenant has no credit note of this id.",
});

export const invoiceNotCreditable = defineProblem<{ what: string }>({
  code: "invoice_not_creditable",
  status: 409,
  title: "The invoice cannot be credited",
  fix: "A draft is changed with PATCH /v1/invoices/{id}; what is void needs nothing. GET /v1/credit_notes?invoice_id= lists what was credited before.",
  detail: from,
});

export const creditTooLarge = defineProblem<{ what: string }>({
  code: "credit_too_large",
  status: 409,
  title: "More would be credited than is left",
  fix: "Ask POST /v1/credit_notes/preview without amount and lines what is left of the invoice.",
  detail: from,
});
