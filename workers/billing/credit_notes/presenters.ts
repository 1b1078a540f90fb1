import type { CreditNoteRow } from "#db/billing/credit-notes";
import { presentDocument } from "#kernel/billing/invoice";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import type { CreditNote } from "./schemas.ts";

export const presentCreditNote = (row: CreditNoteRow): z.infer<typeof CreditNote> => ({
  object: "credit_note",
  id: row.id,
  invoice_id: row.invoiceId,
  reason: row.reason,
  ...presentDocument(row),
  to_due: row.toDue,
  to_credit: row.toCredit,
  to_refund: row.toRefund,
  refund_id: row.refundId,
  issued_at: row.issuedAt.toISOString(),
  ...presentOwned(row),
});
