import { isAmount } from "../money.ts";
import type { OrderStatus, ProviderPayment } from "../sales/orders.ts";
import type { InvoiceStatus } from "./invoices.ts";

/** How one payment stands. `failed` is one try that was declined: another method may still pay it. */
export const PAYMENT_STATES = [
  "requires_method",
  "requires_confirmation",
  "requires_action",
  "processing",
  "succeeded",
  "failed",
  "canceled",
] as const;
export type PaymentState = (typeof PAYMENT_STATES)[number];

/** A payment as its provider tells it now, in our minor units; amounts are null where we have no such amount. */
export type ToldPayment = Omit<ProviderPayment, "state"> & { status: PaymentState };

const STRIPE_INTENTS: Readonly<Record<string, PaymentState>> = {
  requires_payment_method: "requires_method",
  requires_confirmation: "requires_confirmation",
  requires_action: "requires_action",
  processing: "processing",
  requires_capture: "processing",
  succeeded: "succeeded",
  canceled: "canceled",
};

/** The state of a Stripe payment intent; `hasFailed`: its last try was declined. Null: a status that we do not know, which moves nothing. */
export function stateOfStripeIntent(status: string, hasFailed: boolean): PaymentState | null {
  const state = own(STRIPE_INTENTS, status);
  return state === "requires_method" && hasFailed ? "failed" : state;
}

const PAYPAL_ORDERS: Readonly<Record<string, PaymentState>> = {
  CREATED: "requires_action",
  SAVED: "requires_action",
  PAYER_ACTION_REQUIRED: "requires_action",
  APPROVED: "requires_confirmation",
  VOIDED: "canceled",
};

const PAYPAL_CAPTURES: Readonly<Record<string, PaymentState>> = {
  PENDING: "processing",
  COMPLETED: "succeeded",
  PARTIALLY_REFUNDED: "succeeded",
  REFUNDED: "succeeded",
  DECLINED: "failed",
  FAILED: "failed",
};

/** The state of a PayPal order. Only its capture moves money: a completed order whose capture was declined has failed. Null: unknown. */
export function stateOfPaypalOrder(status: string, capture: string | null): PaymentState | null {
  return capture === null ? own(PAYPAL_ORDERS, status) : own(PAYPAL_CAPTURES, capture);
}

/** The state of a PayPal sale, which is how renewals of its subscriptions arrive. Null: unknown. */
export function stateOfPaypalSale(state: string): PaymentState | null {
  const name = state.toUpperCase();
  // money that a bank takes back was received: the dispute tells of it
  if (name === "REVERSED") return "succeeded";
  return name === "DENIED" ? "failed" : own(PAYPAL_CAPTURES, name);
}

/** The same payment as the rules of orders read it. */
export function asOrderPayment({ status, ...payment }: ToldPayment): ProviderPayment {
  return { ...payment, state: status === "requires_method" || status === "requires_confirmation" ? "waiting" : status };
}

/** What of our payment depends on what its provider tells. `amount` is what was asked for. */
export type OwnPayment = { status: PaymentState; amountReceived: number; currency: string; livemode: boolean };

/** What a payment becomes. `settled` happens once in its life: that is when its money is allocated. */
export type PaymentMoved =
  | { kind: "nothing" }
  | { kind: "moved"; status: PaymentState }
  | { kind: "settled"; amountReceived: number }
  /** It moves nothing, and is told. */
  | { kind: "unexpected"; reason: "wrong_mode" | "unknown_amount" };

/**
 * Moves a payment to where its provider says it stands, forward only. `succeeded` is never left, and `canceled` only for money that came all the
 * same; between the others the provider itself goes back and forth, so what it told last counts. As each telling is fetched, duplicates,
 * reorderings and losses end, with the last fetch, in one state. The payment must have been read before it was fetched, and be written only as it was read.
 */
export function movePayment(ours: OwnPayment, told: ToldPayment): PaymentMoved {
  if (told.livemode !== ours.livemode) return { kind: "unexpected", reason: "wrong_mode" };
  if (ours.status === "succeeded") return nothing;
  if (told.status === "succeeded") {
    const { amountReceived } = told;
    if (amountReceived === null || !isAmount(amountReceived) || amountReceived < 0)
      return { kind: "unexpected", reason: "unknown_amount" };
    return { kind: "settled", amountReceived };
  }
  if (ours.status === "canceled" || ours.status === told.status) return nothing;
  return { kind: "moved", status: told.status };
}

const nothing = { kind: "nothing" } as const;

/** What settled money is for. */
export type MoneyTarget =
  | { kind: "invoice"; status: InvoiceStatus; amountDue: number; currency: string }
  /** an order that has no invoice (yet); `amountPaid`: by other payments */
  | { kind: "order"; status: OrderStatus; total: number; amountPaid: number; currency: string }
  | { kind: "nothing" };

/** Where settled money goes; the parts sum to it. */
export type Allocation = {
  toInvoice: number;
  /** held until there is an invoice, or until it is sent back */
  toUnapplied: number;
  toCredit: number;
  /** what of `toUnapplied` is to be refunded by itself */
  toRefund: number;
  /** the invoice had been given up */
  recovers: boolean;
  /** why it did not go where it was meant to, for the event; null: it did. `surplus` is only a part of it. */
  reason:
    | "wrong_currency"
    | "surplus"
    | "already_paid"
    | "order_canceled"
    | "invoice_void"
    | "invoice_draft"
    | "unknown_target"
    | null;
};

/**
 * Where settled money goes: to what is due; what is more becomes the customer's credit. Money for a canceled order or a void invoice, in another
 * currency, or for nothing we know is never dropped and fulfills nothing: it goes back, or becomes credit where the tenant wants it
 * so and there is a customer. Throws RangeError on an amount that is none.
 */
export function allocate(
  money: { amount: number; currency: string; hasCustomer: boolean },
  target: MoneyTarget,
  whenUnwanted: "refund" | "credit",
): Allocation {
  if (!isAmount(money.amount) || money.amount < 0) throw new RangeError(`Not an amount: ${money.amount}`);
  const unwanted = unwantedBecause(money, target);
  if (unwanted !== null) {
    // credit of another currency would pay for nothing that the customer buys
    const asCredit = whenUnwanted === "credit" && money.hasCustomer && unwanted !== "wrong_currency";
    const { amount } = money;
    return asCredit
      ? { ...NOWHERE, toCredit: amount, reason: unwanted }
      : { ...NOWHERE, toUnapplied: amount, toRefund: amount, reason: unwanted };
  }

  const due =
    target.kind === "invoice" ? target.amountDue : Math.max(target.kind === "order" ? target.total - target.amountPaid : 0, 0);
  const taken = Math.min(money.amount, due);
  const surplus = money.amount - taken;
  const reason = surplus === 0 ? null : taken === 0 ? "already_paid" : "surplus";
  const used = target.kind === "invoice" ? { toInvoice: taken } : { toUnapplied: taken };
  const recovers = target.kind === "invoice" && target.status === "uncollectible" && taken > 0;
  if (money.hasCustomer) return { ...NOWHERE, ...used, toCredit: surplus, recovers, reason };
  // a surplus of nobody's can only go back
  return { ...NOWHERE, ...used, toUnapplied: (used.toUnapplied ?? 0) + surplus, toRefund: surplus, recovers, reason };
}

const NOWHERE: Allocation = { toInvoice: 0, toUnapplied: 0, toCredit: 0, toRefund: 0, recovers: false, reason: null };

function unwantedBecause(money: { currency: string }, target: MoneyTarget): Allocation["reason"] {
  if (target.kind === "nothing") return "unknown_target";
  if (target.currency.toUpperCase() !== money.currency.toUpperCase()) return "wrong_currency";
  if (target.kind === "order") return target.status === "canceled" ? "order_canceled" : null;
  if (target.status === "void") return "invoice_void";
  return target.status === "draft" ? "invoice_draft" : null;
}

export const REFUND_STATUSES = ["pending", "succeeded", "failed", "canceled"] as const;
export type RefundStatus = (typeof REFUND_STATUSES)[number];

/** A payment's money by what became of it, and what was sent back out of each. */
export type RefundablePayment = {
  status: PaymentState;
  amountReceived: number;
  amountAllocated: number;
  /** what is neither allocated nor credit, less what was sent back of it */
  unapplied: number;
  /** what is left of the credit that it became */
  creditLeft: number;
  refunds: readonly { amount: number; status: RefundStatus; takenFrom: "invoice" | "unapplied" | "credit" }[];
  /** withdrawn by disputes that are not won */
  amountDisputed: number;
};

/** What may be sent back of a payment: in all, and out of what the money is now. */
export function refundableOf(payment: RefundablePayment): { total: number; invoice: number; unapplied: number; credit: number } {
  if (payment.status !== "succeeded") return { total: 0, invoice: 0, unapplied: 0, credit: 0 };
  const sent = payment.refunds.filter(({ status }) => status === "pending" || status === "succeeded");
  const sumOf = (refunds: readonly { amount: number }[]) => refunds.reduce((sum, { amount }) => sum + amount, 0);
  const total = Math.max(payment.amountReceived - sumOf(sent) - payment.amountDisputed, 0);
  const ofInvoice = payment.amountAllocated - sumOf(sent.filter(({ takenFrom }) => takenFrom === "invoice"));
  return {
    total,
    invoice: Math.min(Math.max(ofInvoice, 0), total),
    unapplied: Math.min(payment.unapplied, total),
    credit: Math.min(payment.creditLeft, total),
  };
}

/** Why a refund is refused. */
export type RefundRefused = {
  code: "payment_not_succeeded" | "invalid_amount" | "dispute_open" | "exceeds_payment";
  detail: string;
};

/** Null where `amount` may be sent back out of what the money is now, else why not. */
export function whyNotRefund(
  payment: RefundablePayment,
  amount: number,
  takenFrom: "invoice" | "unapplied" | "credit",
): RefundRefused | null {
  if (payment.status !== "succeeded") return noRefund("payment_not_succeeded", "Only settled money can go back.");
  if (!isAmount(amount) || amount < 1) return noRefund("invalid_amount", "The amount is a whole number of minor units from 1.");
  const refundable = refundableOf(payment);
  if (amount <= refundable[takenFrom]) return null;
  if (payment.amountDisputed > 0 && amount > refundable.total)
    return noRefund("dispute_open", "A bank took this money back already; a refund on top would pay the customer twice.");
  return noRefund("exceeds_payment", `Only ${refundable[takenFrom]} of this payment can be sent back.`);
}

/** An amount that goes back over several payments, oldest first, as far as each reaches; null where all together do not. */
export function spreadRefund(
  payments: readonly { paymentId: string; refundable: number }[],
  amount: number,
): { paymentId: string; amount: number }[] | null {
  let left = amount;
  const parts = payments.map(({ paymentId, refundable }) => {
    const part = Math.min(Math.max(refundable, 0), left);
    left -= part;
    return { paymentId, amount: part };
  });
  return left === 0 ? parts.filter((part) => part.amount > 0) : null;
}

/**
 * Moves a refund to where its provider says it stands; null: nothing changes. It is in the books from the start (`refund_sent`); one that
 * fails, even after it had succeeded, comes back (`comesBack`: `refund_failed` is to be posted).
 */
export function moveRefund(ours: RefundStatus, told: RefundStatus): { status: RefundStatus; comesBack: boolean } | null {
  if (ours === told || ours === "failed" || ours === "canceled") return null;
  if (ours === "succeeded" && told === "pending") return null;
  return { status: told, comesBack: told === "failed" || told === "canceled" };
}

/** How a dispute stands. An `inquiry` takes no money. */
export const DISPUTE_STATUSES = ["inquiry", "open", "won", "lost"] as const;
export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];

const STRIPE_DISPUTES: Readonly<Record<string, DisputeStatus>> = {
  warning_needs_response: "inquiry",
  warning_under_review: "inquiry",
  warning_closed: "won",
  prevented: "won",
  needs_response: "open",
  under_review: "open",
  charge_refunded: "won",
  won: "won",
  lost: "lost",
};

/** The status of a Stripe dispute. Null: unknown. */
export function statusOfStripeDispute(status: string): DisputeStatus | null {
  return own(STRIPE_DISPUTES, status);
}

const PAYPAL_OUTCOMES: Readonly<Record<string, DisputeStatus>> = {
  RESOLVED_BUYER_FAVOUR: "lost",
  RESOLVED_SELLER_FAVOUR: "won",
  // PayPal pays the buyer itself, and the seller keeps the money
  RESOLVED_WITH_PAYOUT: "won",
  CANCELED_BY_BUYER: "won",
  ACCEPTED: "lost",
  DENIED: "won",
};

/** The status of a PayPal dispute by its status, its stage, and how it was resolved. Null: unknown. */
export function statusOfPaypalDispute(status: string, stage: string, outcome: string | null): DisputeStatus | null {
  if (status === "RESOLVED") return outcome === null ? null : own(PAYPAL_OUTCOMES, outcome);
  const isKnown = ["OPEN", "WAITING_FOR_BUYER_RESPONSE", "WAITING_FOR_SELLER_RESPONSE", "UNDER_REVIEW", "OTHER"].includes(status);
  if (!isKnown) return null;
  return stage === "INQUIRY" ? "inquiry" : "open";
}

/** What the books are told of a dispute that moved. */
export type DisputeFact = "dispute_opened" | "dispute_won" | "dispute_lost";

/**
 * Moves a dispute (null: not known before) to where its provider says it stands; null: nothing changes. Forward only: an inquiry may become a
 * dispute, a dispute is decided once. Where the opening was missed it is posted with the loss; one that was won unheard of moved nothing.
 */
export function moveDispute(
  ours: DisputeStatus | null,
  told: DisputeStatus,
): { status: DisputeStatus; facts: DisputeFact[] } | null {
  if (ours === told || ours === "won" || ours === "lost") return null;
  if (told === "inquiry") return ours === null ? { status: told, facts: [] } : null;
  const isOpened = ours === "open";
  switch (told) {
    case "open":
      return { status: told, facts: ["dispute_opened"] };
    case "won":
      return { status: told, facts: isOpened ? ["dispute_won"] : [] };
    case "lost":
      return { status: told, facts: isOpened ? ["dispute_lost"] : ["dispute_opened", "dispute_lost"] };
  }
}

/**
 * What a dispute takes hold of, in this order: money that was not applied yet, then the customer's credit that the payment became, then
 * what was put to invoices. So `unapplied` money may be used only beyond what is disputed.
 */
export function usableUnapplied(payment: { unapplied: number; amountDisputed: number }): number {
  return Math.max(payment.unapplied - payment.amountDisputed, 0);
}

/** What of a dispute that opens is to be clawed back from credit, as far as there is some: what unapplied money does not cover. */
export function beyondUnapplied(payment: { unapplied: number }, disputed: number): number {
  return Math.max(disputed - payment.unapplied, 0);
}

/** What of a lost dispute was unapplied money, now owed to nobody. What was clawed back makes good the loss already. */
export function lostOfUnapplied(payment: { unapplied: number }, disputed: number, clawedBack: number): number {
  return Math.min(payment.unapplied, disputed - clawedBack);
}

/** What a tenant wants done to licenses whose money went back. */
export const WHEN_MONEY_GOES = ["keep", "suspend", "revoke"] as const;
export type WhenMoneyGoes = (typeof WHEN_MONEY_GOES)[number];

/** What happens to the licenses: a hold `dispute` is set or lifted, they are revoked, or nothing. */
export type LicenseEffect = "none" | "hold" | "lift" | "revoke";

/**
 * What a dispute does to the licenses that its money paid for. Revoking has no way back, so it waits for the loss and holds them until
 * then; what is won lifts the hold; what is lost leaves it.
 */
export function effectOfDispute(status: DisputeStatus, onDispute: WhenMoneyGoes): LicenseEffect {
  if (onDispute === "keep" || status === "inquiry") return "none";
  if (status === "won") return "lift";
  return status === "lost" && onDispute === "revoke" ? "revoke" : "hold";
}

/** What refunds do to the licenses that the money paid for: only when all of it went back. A part that goes back is a discount. */
export function effectOfRefund(money: { amountPaid: number; amountRefunded: number }, onRefund: WhenMoneyGoes): LicenseEffect {
  const { amountPaid, amountRefunded } = money;
  if (onRefund === "keep" || amountPaid === 0 || amountRefunded < amountPaid) return "none";
  return onRefund === "revoke" ? "revoke" : "hold";
}

/** One try to collect an invoice. */
export type Attempt = { number: number; status: PaymentState };

/** The next try, and the key that makes it one however often it is sent; or why there is none. */
export type NextAttempt =
  | { ok: true; number: number; key: string }
  | { ok: false; code: "outcome_unknown" | "already_paid" | "invoice_not_open"; number: number | null; detail: string };

/**
 * The next try to collect an invoice. The number rises only once the outcome of every try before is definite: declined, ended at the provider,
 * or (then there is no next) paid. One whose outcome is unknown is fetched, or ended at the provider and seen ended, first: else a card could be
 * charged twice. A customer who has yet to act has not declined.
 */
export function nextAttempt(invoice: { id: string; status: InvoiceStatus }, attempts: readonly Attempt[]): NextAttempt {
  if (attempts.some(({ status }) => status === "succeeded") || invoice.status === "paid")
    return { ok: false, code: "already_paid", number: null, detail: "The invoice is paid." };
  if (invoice.status !== "open" && invoice.status !== "uncollectible")
    return { ok: false, code: "invoice_not_open", number: null, detail: `A ${invoice.status} invoice is not collected.` };
  const pending = attempts.find(({ status }) => status !== "failed" && status !== "canceled");
  if (pending)
    return {
      ok: false,
      code: "outcome_unknown",
      number: pending.number,
      detail: `Attempt ${pending.number} has no definite outcome; fetch it, or cancel it and see it canceled.`,
    };
  const number = Math.max(0, ...attempts.map((attempt) => attempt.number)) + 1;
  return { ok: true, number, key: attemptKey(invoice.id, number) };
}

/** The idempotency key of a try: `inv_…/attempt/2`. */
export function attemptKey(invoiceId: string, number: number): string {
  return `${invoiceId}/attempt/${number}`;
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | null {
  return Object.hasOwn(table, name) ? (table[name] ?? null) : null;
}

function noRefund(code: RefundRefused["code"], detail: string): RefundRefused {
  return { code, detail };
}
