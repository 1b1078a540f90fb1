import { isAmount, type Provider } from "../money.ts";
import { dateAfter, dateIn, startOfDate } from "../time.ts";

export const INVOICE_STATUSES = ["draft", "open", "paid", "void", "uncollectible"] as const;
export type InvoiceStatus = (typeof INVOICE_STATUSES)[number];

/** What may be done to an invoice. `recover` = all that was due came after it had been given up. */
export type InvoiceMove = "finalize" | "pay" | "void" | "mark_uncollectible" | "recover";

/** From which statuses each move is possible and where it leads. What is not here is refused. */
export const INVOICE_MOVES = {
  finalize: { from: ["draft"], to: "open", event: "invoice.finalized" },
  pay: { from: ["open"], to: "paid", event: "invoice.paid" },
  void: { from: ["open", "uncollectible"], to: "void", event: "invoice.voided" },
  mark_uncollectible: { from: ["open"], to: "uncollectible", event: "invoice.marked_uncollectible" },
  recover: { from: ["uncollectible"], to: "paid", event: "invoice.paid" },
} as const satisfies Record<InvoiceMove, { from: readonly InvoiceStatus[]; to: InvoiceStatus; event: string }>;

/** The sums of an invoice that say what is still to be paid, in minor units. */
export type InvoiceSums = {
  total: number;
  /** money that was allocated to it, whether or not some of it went back since */
  amountPaid: number;
  /** by how much credit notes lowered what was due; what they gave back as credit or refund is not in here */
  amountCredited: number;
  /** customer credit that was spent on it */
  creditApplied: number;
};

/** What of an invoice its moves depend on. `paymentUnderWay`: a payment of it has no definite outcome yet. */
export type InvoiceState = InvoiceSums & { status: InvoiceStatus; lineCount: number; paymentUnderWay: boolean };

/** Why a move is refused. `already_done` is a repetition, which callers answer like the first time. */
export type InvoiceMoveRefused = {
  code:
    | "already_done"
    | "invoice_draft"
    | "invoice_not_draft"
    | "invoice_void"
    | "invoice_paid"
    | "invoice_not_given_up"
    | "no_lines"
    | "negative_total"
    | "amount_due"
    | "partly_settled"
    | "payment_under_way";
  detail: string;
};

/**
 * What is still to be paid: total - money - what credit notes lowered - customer credit. Never negative: every rule that settles an invoice
 * takes no more than this. Throws RangeError where the sums say otherwise, for then the row is broken.
 */
export function amountDueOf({ total, amountPaid, amountCredited, creditApplied }: InvoiceSums): number {
  if (![total, amountPaid, amountCredited, creditApplied].every((amount) => isAmount(amount) && amount >= 0))
    throw new RangeError("The sums of an invoice are whole and not negative");
  const due = total - amountPaid - amountCredited - creditApplied;
  if (due < 0) throw new RangeError(`An invoice of ${total} was settled by ${total - due}`);
  return due;
}

/** Null where the invoice may make the move, else why not. */
export function whyNotMoveInvoice(invoice: InvoiceState, move: InvoiceMove): InvoiceMoveRefused | null {
  const { from, to } = INVOICE_MOVES[move];
  const { status } = invoice;
  if (status === to && !includes(from, status)) return no("already_done", `The invoice is ${to} already.`);
  if (!includes(from, status)) return notFrom(status, move);
  return WHY_NOT[move](invoice);
}

/** What stands against each move of an invoice whose status allows it. */
const WHY_NOT: Record<InvoiceMove, (invoice: InvoiceState) => InvoiceMoveRefused | null> = {
  finalize: ({ total, lineCount }) => {
    if (lineCount === 0) return no("no_lines", "An invoice without lines is no document; add one.");
    if (total < 0) return no("negative_total", "An invoice asks for money; what gives some back is a credit note.");
    return null;
  },
  pay: allSettled,
  recover: allSettled,
  void: (invoice) => {
    if (invoice.paymentUnderWay) return no("payment_under_way", "A payment is under way; wait for its outcome, or cancel it.");
    if (invoice.amountPaid + invoice.amountCredited + invoice.creditApplied > 0)
      return no("partly_settled", "Money, credit or a credit note went to this invoice; correct the rest by a credit note.");
    return null;
  },
  mark_uncollectible: ({ paymentUnderWay }) =>
    paymentUnderWay ? no("payment_under_way", "A payment is under way; wait for its outcome, or cancel it.") : null,
};

/** How an invoice is corrected: a draft is edited, one that nothing has touched is voided, any other gets a credit note. Null: not at all. */
export function correctionOf(invoice: InvoiceState): "edit" | "void" | "credit_note" | null {
  if (invoice.status === "draft") return "edit";
  if (invoice.status === "void") return null;
  return whyNotMoveInvoice(invoice, "void") === null ? "void" : "credit_note";
}

/** What of a draft may be changed, as the wire names it. Whose it is, from whom, and in which currency is what it is. */
export const DRAFT_FIELDS = ["lines", "collection_method", "net_terms_days", "tax_behavior", "tax_point_on", "notes"] as const;

/** What is no part of the document, and may be changed for ever. */
export const FIELDS_BESIDE_THE_DOCUMENT = ["metadata", "external_id"] as const;

/** The first of `fields` that may not be changed in this status, and why; null where all may. */
export function whyNotChangeInvoice(
  status: InvoiceStatus,
  fields: readonly string[],
): { code: "invoice_final" | "never_changes"; field: string; detail: string } | null {
  for (const field of fields) {
    if (includes(FIELDS_BESIDE_THE_DOCUMENT, field)) continue;
    if (status !== "draft")
      return { code: "invoice_final", field, detail: "A finalized invoice is never changed; correct it by a credit note." };
    if (!includes(DRAFT_FIELDS, field))
      return { code: "never_changes", field, detail: `${field} of an invoice never changes; make a new one.` };
  }
  return null;
}

/** The least that Stripe charges, in minor units; currencies that are not here are converted, and refused by Stripe itself where too small. */
const STRIPE_MINIMUMS: Readonly<Record<string, number>> = {
  AED: 200,
  AUD: 50,
  BRL: 50,
  CAD: 50,
  CHF: 50,
  CZK: 1500,
  DKK: 250,
  EUR: 50,
  GBP: 30,
  HKD: 400,
  HUF: 17_500,
  INR: 50,
  JPY: 50,
  MXN: 1000,
  MYR: 200,
  NOK: 300,
  NZD: 50,
  PLN: 200,
  RON: 200,
  SEK: 300,
  SGD: 50,
  THB: 1000,
  USD: 50,
};

/** The least that a provider charges, in our minor units; one unit where it names no minimum. */
export function minimumCharge(provider: Provider, currency: string): number {
  return provider === "stripe" ? (STRIPE_MINIMUMS[currency] ?? 1) : 1;
}

/**
 * What becomes of a draft whose time has come, once the customer's credit is counted in: `due` is what would be left to pay.
 *
 * - `settle`: nothing is left (a total of zero, or credit covers it): it is finalized, and paid in the same moment.
 * - `carry_over`: less than the provider charges, and another invoice will follow: no number is taken, its lines move to that one.
 * - `finalize`: it is finalized and waits for its money.
 */
export function fateOfDraft(draft: {
  due: number;
  currency: string;
  /** who collects it by itself; null: the customer is sent an invoice */
  collector: Provider | null;
  hasNext: boolean;
}): "settle" | "carry_over" | "finalize" {
  if (draft.due === 0) return "settle";
  const { collector, currency } = draft;
  if (collector !== null && draft.hasNext && draft.due < minimumCharge(collector, currency)) return "carry_over";
  return "finalize";
}

/**
 * When an invoice of `netTermsDays` is due (exclusive): the end of that day after the day it was finalized, by the calendar of `zone`. Zero
 * days is the end of the same day. Throws RangeError on a zone that is none or terms that are no whole number from 0 to 365.
 */
export function dueAtOf(finalizedAt: Date, netTermsDays: number, zone: string): Date {
  if (!Number.isInteger(netTermsDays) || netTermsDays < 0 || netTermsDays > 365)
    throw new RangeError(`Not net terms: ${netTermsDays}`);
  return startOfDate(dateAfter(dateIn(finalizedAt, zone), "day", netTermsDays + 1), zone);
}

/** Whether the day that it was to be paid on is over, and something of it is still open. */
export function isOverdue(invoice: InvoiceSums & { status: InvoiceStatus; dueAt: Date | null }, now: Date): boolean {
  return invoice.status === "open" && invoice.dueAt !== null && invoice.dueAt <= now && amountDueOf(invoice) > 0;
}

function allSettled(invoice: InvoiceState): InvoiceMoveRefused | null {
  const due = amountDueOf(invoice);
  return due === 0 ? null : no("amount_due", `${due} is still due.`);
}

/** Why a move does not start at a status that is not its end either. */
function notFrom(status: InvoiceStatus, move: InvoiceMove): InvoiceMoveRefused {
  if (move === "finalize") {
    // what is past its finalization was finalized: a repetition
    return status === "void"
      ? no("invoice_void", "A void invoice stays void; make a new one.")
      : no("already_done", "The invoice was finalized before.");
  }
  switch (status) {
    case "draft":
      return no("invoice_draft", "The invoice is a draft; finalize it first, or delete it.");
    case "void":
      return no("invoice_void", "A void invoice stays void; make a new one.");
    case "paid":
      return no("invoice_paid", "The invoice is paid; a credit note gives money back.");
    case "open":
      return no("invoice_not_given_up", "Only an invoice that was given up is recovered; this one is paid.");
    case "uncollectible":
      return no("invoice_not_draft", "The invoice was given up; money that comes for it recovers it.");
  }
}

function includes<T>(list: readonly T[], value: unknown): value is T {
  return list.some((item) => item === value);
}

function no(code: InvoiceMoveRefused["code"], detail: string): InvoiceMoveRefused {
  return { code, detail };
}
