import type { CreditNoteRow } from "#db/billing/credit-notes";
import type { InvoiceRow } from "#db/billing/invoices";
import type { Repo } from "#db/repo";
import { sha256Hex } from "#kernel/crypto";
import { invoiceNotFound } from "#kernel/not-found";
import type { ProblemError } from "#kernel/problem";
import { invalidRequest } from "#kernel/problems";
import type { z } from "#kernel/wire";
import {
  planCreditNote,
  useOfCreditNote,
  type CreditNotePlan,
  type CreditNoteRefused,
  type CreditUse,
  type CreditWish,
} from "#rules/billing/credit-notes";
import type { DocumentTotals } from "#rules/billing/documents";
import { entriesOf, isDeferred } from "#rules/billing/ledger";
import { creditTooLarge, invoiceNotCreditable } from "./problems.ts";
import type { CreditNotePreviewInput } from "./schemas.ts";

/** As many notes as one invoice may have: each is read to plan the next. */
const NOTES_AT_MOST = 100;

/** What a credit note would be, beside the invoice and the notes that it follows. */
export type PlannedNote = { invoice: InvoiceRow; earlier: CreditNoteRow[]; plan: CreditNotePlan; use: CreditUse };

/** Plans a note. Throws `invoice_not_found`, `invoice_not_creditable`, `credit_too_large` and `invalid_request`. */
export async function planned(repo: Repo, body: z.infer<typeof CreditNotePreviewInput>): Promise<PlannedNote> {
  const invoice = await repo.invoices.byId(body.invoice_id);
  if (!invoice) throw invoiceNotFound({});
  if (invoice.status === "draft" || invoice.status === "void")
    throw invoiceNotCreditable({ what: `The invoice is ${invoice.status}: nothing of it is owed.` });
  const earlier = await repo.creditNotes.ofInvoice(invoice.id, NOTES_AT_MOST);
  if (earlier.length === NOTES_AT_MOST)
    throw invoiceNotCreditable({ what: `The invoice has ${NOTES_AT_MOST} credit notes, and takes no more.` });
  const judged = planCreditNote(
    {
      id: invoice.id,
      currency: invoice.currency,
      behavior: invoice.taxBehavior,
      lines: invoice.lines,
      totals: totalsIn(invoice),
    },
    earlier.map((note) => ({ lines: note.lines, totals: totalsIn(note) })),
    wishOf(body),
  );
  if (!judged.ok) throw refusal(judged);
  const use = useOfCreditNote(judged.note.totals.total, { ...invoice, refundable: 0 }, "credit");
  return { invoice, earlier, plan: judged.note, use };
}

/** The columns of a note that was planned, without its number. */
export async function contentOf({ invoice, plan }: PlannedNote, notes: string | null) {
  const { groups: taxGroups, ...sums } = plan.totals;
  const { legalEntityId, customerId, currency, taxBehavior, seller, buyer, taxPointOn } = invoice;
  const said = { invoice: invoice.number, lines: plan.lines, taxGroups, ...sums, seller, buyer, currency, taxBehavior, notes };
  return {
    legalEntityId,
    customerId,
    currency,
    taxBehavior,
    seller,
    buyer,
    lines: plan.lines,
    taxGroups,
    ...sums,
    notes,
    taxPointOn,
    series: null,
    sequence: null,
    number: null,
    contentHash: await sha256Hex(JSON.stringify(said)),
    pdfSha256: null,
    noXmlReason: null,
  };
}

/** What the books say of a note. */
export function issuedEntries({ invoice, plan, use }: PlannedNote, creditNoteId: string) {
  const { id: invoiceId, customerId, currency } = invoice;
  const { taxable, taxTotal, rounding, total } = plan.totals;
  const fromDeferred = plan.taxableOfLines.reduce((sum, { lineId, taxable: back }) => {
    return sum + (isDeferredLine(invoice, lineId) ? back : 0);
  }, 0);
  return entriesOf({
    kind: "credit_note_issued",
    creditNoteId,
    invoiceId,
    customerId,
    currency,
    taxable,
    fromDeferred,
    taxTotal,
    rounding,
    total,
    ...use,
    writtenOff: invoice.status === "uncollectible",
  });
}

/** Whether a line is earned with time. Nothing is recognized as earned until its time is over, so all that is left of it stands in `deferred`. */
function isDeferredLine({ lines, issuedAt, updatedAt }: InvoiceRow, lineId: string): boolean {
  const line = lines.find(({ id }) => id === lineId);
  return line !== undefined && isDeferred(line, (issuedAt ?? updatedAt).toISOString());
}

function wishOf({ amount, lines }: z.infer<typeof CreditNotePreviewInput>): CreditWish {
  if (amount !== undefined) return { kind: "amount", amount };
  if (lines === undefined) return { kind: "full" };
  return {
    kind: "lines",
    lines: lines.map((line) => ({
      lineId: line.line,
      ...(line.quantity === undefined ? {} : { quantity: line.quantity }),
      ...(line.amount === undefined ? {} : { amount: line.amount }),
    })),
  };
}

type Sums = Pick<InvoiceRow, "subtotal" | "discountTotal" | "taxable" | "taxTotal" | "rounding" | "total" | "taxGroups">;

const totalsIn = ({ taxGroups: groups, subtotal, discountTotal, taxable, taxTotal, rounding, total }: Sums): DocumentTotals => ({
  subtotal,
  discountTotal,
  taxable,
  taxTotal,
  rounding,
  total,
  groups,
});

function refusal({ code, detail, lineId }: CreditNoteRefused): ProblemError {
  switch (code) {
    case "nothing_left":
    case "line_gives_back":
      return invoiceNotCreditable({ what: detail });
    case "exceeds_line":
    case "exceeds_rate":
    case "exceeds_invoice":
      return creditTooLarge({ what: detail });
    case "invalid_amount":
    case "invalid_quantity":
    case "unknown_line":
    case "line_twice": {
      const pointer = lineId === null ? "/amount" : "/lines";
      return invalidRequest({ what: detail }, { errors: [{ pointer, code, detail }] });
    }
  }
}
