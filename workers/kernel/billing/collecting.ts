import type { Stripe } from "stripe";
import type { MoneyChange } from "#db/billing/books";
import type { CreditRow, InvoiceRow } from "#db/billing/invoices";
import type { PaymentRow } from "#db/billing/payments";
import type { Fact } from "#db/commit";
import { amountDueOf } from "#rules/billing/invoices";
import { entriesOf } from "#rules/billing/ledger";
import { allocate, movePayment, stateOfStripeIntent, type Allocation, type PaymentState } from "#rules/billing/payments";
import { fromProviderAmount } from "#rules/money";
import type { EventObject } from "../event-objects.ts";
import { changeFact, fact } from "../facts.ts";
import { newOwned } from "../present.ts";
import { presentCredit, presentPayment } from "./payment.ts";
import { settling } from "./settling.ts";

/** What a payment's intent at the provider makes of it. `isOnlyTold`: nothing is written but the event. */
export type Collected = { row: PaymentRow; change: MoneyChange; facts: Fact[]; isOnlyTold: boolean };

type About = { now: Date; creditId: string; livemode: boolean };

/**
 * Moves a payment of an invoice to where its intent stands, forward only; undefined: nothing changes. Money that settles is put to the
 * invoice; what cannot be put there is booked all the same and told. Payment and invoice must have been read before the intent was fetched.
 */
export function collected(
  before: PaymentRow,
  invoice: InvoiceRow,
  intent: Stripe.PaymentIntent,
  about: About,
): Collected | undefined {
  const status = stateOf(intent);
  if (status === null) return undefined;
  const currency = intent.currency.toUpperCase();
  const told = {
    status,
    amountReceived: fromProviderAmount("stripe", currency, intent.amount_received),
    amountRefunded: null,
    currency,
    livemode: intent.livemode,
  };
  const moved = movePayment({ ...before, livemode: about.livemode }, told);
  switch (moved.kind) {
    case "nothing":
      return undefined;
    case "unexpected": {
      const facts = [unexpected(before, intent, moved.reason, told.amountReceived)];
      return { row: before, change: {}, facts, isOnlyTold: true };
    }
    case "moved": {
      const row = { ...before, status: moved.status, ...failureOf(intent), updatedAt: about.now };
      const facts = [changeFact(TYPES[moved.status] ?? "payment.updated", presentPayment(before), presentPayment(row))];
      return { row, change: { update: { payments: [row] } }, facts, isOnlyTold: false };
    }
    case "settled": {
      const money = { ...before, amountReceived: moved.amountReceived, currency, captureRef: chargeOf(intent) };
      return settledMoney(money, invoice, intent, about);
    }
  }
}

const TYPES: Partial<Record<PaymentState, "payment.failed" | "payment.canceled">> = {
  failed: "payment.failed",
  canceled: "payment.canceled",
};

function settledMoney(payment: PaymentRow, invoice: InvoiceRow, intent: Stripe.PaymentIntent, about: About): Collected {
  const { status, currency } = invoice;
  const target = { kind: "invoice" as const, status, currency, amountDue: status === "paid" ? 0 : amountDueOf(invoice) };
  const money = { amount: payment.amountReceived, currency: payment.currency, hasCustomer: payment.customerId !== null };
  const allocation = allocate(money, target, "credit");
  if (allocation.toInvoice > 0) {
    const { payment: row, change, facts } = settling(payment, invoice, { ...about, inserts: false });
    return { row, change, facts, isOnlyTold: false };
  }
  return unplaced(payment, allocation, intent, about);
}

/** Money that its invoice does not take: void, paid otherwise, or of another currency. It is the customer's credit, or waits. */
function unplaced(
  payment: PaymentRow,
  allocation: Allocation,
  intent: Stripe.PaymentIntent,
  { now, creditId }: About,
): Collected {
  const { toCredit, toUnapplied } = allocation;
  const row: PaymentRow = {
    ...payment,
    status: "succeeded",
    amountCredited: toCredit,
    unapplied: toUnapplied,
    settledAt: now,
    updatedAt: now,
  };
  const credits = toCredit === 0 || row.customerId === null ? [] : [creditOf(row, row.customerId, toCredit, creditId, now)];
  const { id: paymentId, provider, customerId, currency, amountReceived: amount } = row;
  const came = { kind: "payment_settled", paymentId, provider, customerId, currency, amount, toInvoices: [] } as const;
  const facts = [
    fact("payment.succeeded", presentPayment(row)),
    ...credits.map((made) => fact("credit.created", presentCredit(made))),
    unexpected(row, intent, REASONS[allocation.reason ?? ""] ?? "unknown_payment", amount),
  ];
  const change = { insert: { credits }, update: { payments: [row] }, entries: [entriesOf({ ...came, toUnapplied, toCredit })] };
  return { row, change, facts, isOnlyTold: false };
}

type Reason = EventObject<"UnexpectedPayment">["reason"];

const REASONS: Record<string, Reason> = {
  wrong_currency: "wrong_currency",
  already_paid: "already_paid",
  invoice_void: "invoice_void",
  invoice_draft: "invoice_draft",
};

function unexpected(payment: PaymentRow, intent: Stripe.PaymentIntent, reason: Reason, amount: number | null): Fact {
  const object: EventObject<"UnexpectedPayment"> = {
    object: "payment",
    id: intent.id,
    provider: "stripe",
    reason,
    order_id: payment.orderId,
    payment_id: payment.id,
    ...(payment.invoiceId === null ? {} : { invoice_id: payment.invoiceId }),
    amount,
    currency: intent.currency.toUpperCase(),
    livemode: intent.livemode,
    refund: null,
  };
  return { type: "payment.unexpected", subject: { type: "payment", id: intent.id }, data: { object, previous: null } };
}

function creditOf(payment: PaymentRow, customerId: string, amount: number, id: string, now: Date): CreditRow {
  const { tenantId, currency, id: sourceId } = payment;
  const from = { source: "overpayment", sourceId, reason: null, expiresAt: null, expiredAt: null } as const;
  return { tenantId, id, customerId, currency, ...from, amount, remaining: amount, ...newOwned({}, now) };
}

/** A bank that wants to see the customer has not declined: the same intent waits for them. */
function stateOf({ status, last_payment_error: error }: Stripe.PaymentIntent): PaymentState | null {
  if (status === "requires_payment_method" && error?.code === "authentication_required") return "requires_action";
  return stateOfStripeIntent(status, error !== null);
}

function failureOf({ last_payment_error: error }: Stripe.PaymentIntent) {
  return {
    declineCode: error?.decline_code ?? null,
    adviceCode: error?.advice_code ?? null,
    failure: error?.message?.slice(0, 300) ?? null,
  };
}

function chargeOf({ latest_charge: charge }: Stripe.PaymentIntent): string | null {
  return typeof charge === "string" ? charge : (charge?.id ?? null);
}
