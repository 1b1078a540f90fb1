import type { MoneyChange } from "#db/billing/books";
import type { CreditRow, InvoiceRow } from "#db/billing/invoices";
import type { PaymentRow } from "#db/billing/payments";
import type { Fact } from "#db/commit";
import { amountDueOf } from "#rules/billing/invoices";
import { entriesOf } from "#rules/billing/ledger";
import { changeFact, fact } from "../facts.ts";
import { newOwned } from "../present.ts";
import { settled } from "./finalizing.ts";
import { presentInvoice } from "./invoice.ts";
import { presentCredit, presentPayment } from "./payment.ts";

/** What settled money does to the invoice that it was for. */
export type Settlement = { payment: PaymentRow; invoice: InvoiceRow; change: MoneyChange; facts: Fact[] };

/**
 * Puts money that settled to the invoice that it was for; what is above the due becomes the customer's credit, under the id `creditId`. Of an
 * invoice that was given up what comes is recovered. `payment` holds the ids and what was received; `inserts`: it is not in the database yet.
 */
export function settling(
  payment: PaymentRow,
  invoice: InvoiceRow,
  { creditId, now, inserts }: { creditId: string; now: Date; inserts: boolean },
): Settlement {
  const received = payment.amountReceived;
  const toInvoice = Math.min(received, amountDueOf(invoice));
  const toCredit = received - toInvoice;
  const after: PaymentRow = {
    ...payment,
    status: "succeeded",
    amountAllocated: toInvoice,
    amountCredited: toCredit,
    unapplied: 0,
    settledAt: now,
    updatedAt: now,
  };
  const row = settled({ ...invoice, amountPaid: invoice.amountPaid + toInvoice }, now);
  const credit = toCredit === 0 ? [] : [overpaid(after, invoice, toCredit, creditId, now)];
  const moved = row.status === "paid" ? "invoice.paid" : "invoice.payment_applied";
  return {
    payment: after,
    invoice: row,
    change: {
      insert: { ...(inserts ? { payments: [after] } : {}), credits: credit },
      update: { ...(inserts ? {} : { payments: [after] }), invoices: [row] },
      entries: entriesFor(after, invoice, toInvoice, toCredit),
    },
    facts: [
      fact("payment.succeeded", presentPayment(after)),
      changeFact(moved, presentInvoice(invoice), presentInvoice(row)),
      ...credit.map((made) => fact("credit.created", presentCredit(made))),
    ],
  };
}

function entriesFor(payment: PaymentRow, invoice: InvoiceRow, toInvoice: number, toCredit: number) {
  const { id: paymentId, provider, customerId, currency, amountReceived: amount } = payment;
  const { id: invoiceId } = invoice;
  const came = entriesOf({
    kind: "payment_settled",
    paymentId,
    provider,
    customerId,
    currency,
    amount,
    toInvoices: [{ invoiceId, amount: toInvoice }],
    toUnapplied: 0,
    toCredit,
  });
  if (invoice.status !== "uncollectible") return [came];
  const about = { invoiceId, customerId: invoice.customerId, currency, paymentId, amount: toInvoice };
  return [came, entriesOf({ kind: "invoice_recovered", ...about })];
}

function overpaid(payment: PaymentRow, invoice: InvoiceRow, amount: number, id: string, now: Date): CreditRow {
  return {
    tenantId: payment.tenantId,
    id,
    customerId: invoice.customerId,
    currency: payment.currency,
    source: "overpayment",
    sourceId: payment.id,
    amount,
    remaining: amount,
    reason: invoice.number === null ? null : `Paid above ${invoice.number}`,
    expiresAt: null,
    expiredAt: null,
    ...newOwned({}, now),
  };
}
