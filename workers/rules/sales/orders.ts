import type { LineTax } from "../billing/documents.ts";
import type { TermsOverrides } from "../licensing/terms.ts";
import { isAmount, isCurrency, parsePercent, percentOf, splitByLargestRemainder, type Provider } from "../money.ts";

export const ORDER_STATUSES = ["pending", "approved", "fulfilled", "canceled"] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** How the money of an order stands. */
export const PAYMENT_STATUSES = [
  "pending",
  "requires_action",
  "processing",
  "partially_paid",
  "paid",
  "failed",
  "partially_refunded",
  "refunded",
  "disputed",
  "not_required",
] as const;
export type PaymentStatus = (typeof PAYMENT_STATUSES)[number];

export const FULFILLMENT_METHODS = ["auto", "manual"] as const;
export type FulfillmentMethod = (typeof FULFILLMENT_METHODS)[number];

/** What of an order its moves depend on. */
export type OrderState = { status: OrderStatus; paymentStatus: PaymentStatus; provider: Provider };

/** What may be done to an order. `settle` = money came that covers the total; `fulfill` = its licenses are issued. */
export type OrderMove = "approve" | "settle" | "fulfill" | "cancel";

/** From which status each move is possible and where it leads. What is not here is refused. */
export const ORDER_MOVES = {
  approve: { from: "pending", to: "approved", event: "order.approved" },
  settle: { from: "pending", to: "approved", event: "order.paid" },
  fulfill: { from: "approved", to: "fulfilled", event: "order.fulfilled" },
  cancel: { from: "pending", to: "canceled", event: "order.canceled" },
} as const satisfies Record<OrderMove, { from: OrderStatus; to: OrderStatus; event: string }>;

/** Why a move is refused. `already_done` is a repetition, which callers answer like the first time. */
export type OrderMoveRefused = {
  code:
    | "already_done"
    | "order_canceled"
    | "order_paid"
    | "order_approved"
    | "not_approved"
    | "payment_pending"
    | "payment_reversed"
    | "payment_processing";
  detail: string;
};

const SETTLED: ReadonlySet<PaymentStatus> = new Set(["paid", "not_required"]);
const MONEY_IS_HERE: ReadonlySet<PaymentStatus> = new Set(["partially_paid", "paid", "partially_refunded", "disputed"]);
const MONEY_WENT_BACK: ReadonlySet<PaymentStatus> = new Set(["partially_refunded", "refunded", "disputed"]);

/** Null where the order may make the move, else why not. */
export function whyNotMoveOrder(order: OrderState, move: OrderMove): OrderMoveRefused | null {
  const { to } = ORDER_MOVES[move];
  if (order.status === to) return no("already_done", `The order is ${to} already.`);
  if (order.status === "canceled") return no("order_canceled", "A canceled order stays canceled; place a new one.");
  return WHY_NOT[move](order);
}

/** What stands against each move of an order that is neither canceled nor where the move leads. */
const WHY_NOT: Record<OrderMove, (order: OrderState) => OrderMoveRefused | null> = {
  approve: ({ status, paymentStatus, provider }) => {
    if (status !== "pending") return no("already_done", "The order was approved before.");
    if (provider === "manual" || SETTLED.has(paymentStatus)) return null;
    return no("payment_pending", `The order is approved by itself when its ${provider} payment settles.`);
  },

  settle: ({ status }) => (status === "pending" ? null : no("already_done", "The order was paid before.")),

  fulfill: ({ status, paymentStatus, provider }) => {
    if (status !== "approved") return no("not_approved", "Only an approved order is fulfilled.");
    if (MONEY_WENT_BACK.has(paymentStatus)) return no("payment_reversed", "The money of this order went back or is disputed.");
    if (provider === "manual" || SETTLED.has(paymentStatus)) return null;
    return no("payment_pending", "Licenses are issued only for settled money.");
  },

  cancel: ({ status, paymentStatus }) => {
    if (MONEY_IS_HERE.has(paymentStatus)) return no("order_paid", "Money was received for this order.");
    if (paymentStatus === "processing") return no("payment_processing", "A payment is under way; wait for its outcome.");
    return status === "pending" ? null : no("order_approved", "The order was approved, and its licenses may be on their way.");
  },
};

/** How the money stands when an order is made: a total of nothing needs none. */
export function initialPaymentStatus(total: number): PaymentStatus {
  return total === 0 ? "not_required" : "pending";
}

/** One line to be priced: how many, at which price each (minor units). */
export type OrderLine = { quantity: number; unitAmount: number };

/**
 * A line as it was ordered: what is bought, at the price of that moment, and what its licenses have apart from the template's revision that
 * the line pins. Plain JSON, stored with the order and never changed. Amounts in minor units of the order's currency.
 */
export type StoredOrderLine = OrderLine & {
  templateId: string;
  templateRev: number;
  productId: string;
  /** the template's name as it was */
  name: string;
  amount: number;
  discount: number;
  tax: number;
  total: number;
  /** how it is taxed; absent: an order of before orders were */
  taxedAs?: LineTax;
  overrides: Pick<TermsOverrides, "duration" | "entitlements" | "restrictions">;
};

/** Licenses that are issued at once: what fits into one batch with room to spare. */
export const LICENSES_AT_ONCE = 50;

/** How many licenses an order is for, over all its lines. */
export function licensesOrdered(lines: readonly Pick<OrderLine, "quantity">[]): number {
  return lines.reduce((sum, { quantity }) => sum + quantity, 0);
}

/** The line that the license with this index (from 0, lines in order) belongs to; undefined behind the last. */
export function lineOfLicense<Line extends Pick<OrderLine, "quantity">>(lines: readonly Line[], index: number): Line | undefined {
  let end = 0;
  return lines.find(({ quantity }) => index < (end += quantity));
}

/** An order's number as people read it: `ORD-000042`. */
export function orderNumberText(number: number): string {
  return `ORD-${String(number).padStart(6, "0")}`;
}

/** A deduction from the whole order: a percentage with at most 4 decimals, or an amount in minor units. */
export type Discount = { percent: number | string } | { amount: number };

/** A deduction as it was agreed, kept with the order. */
export type StoredDiscount = ({ percent: string } | { amount: number }) & { reason: string | null };

/** What an order costs, in minor units. Every sum holds: of the lines over the order, and of amount - discount + tax within each. */
export type PricedOrder = {
  currency: string;
  subtotal: number;
  discountTotal: number;
  taxTotal: number;
  total: number;
  lines: { amount: number; discount: number; tax: number; total: number }[];
};

/** Why lines have no price; `pointer` is a JSON pointer into the order as the wire spells it. */
export type PriceRefused = {
  code:
    | "unknown_currency"
    | "invalid_quantity"
    | "invalid_amount"
    | "amount_too_large"
    | "invalid_percent"
    | "discount_too_large";
  pointer: string;
  detail: string;
};

/**
 * Prices an order without tax. The discount is rounded once, half away from zero, and split over the lines by largest remainder.
 * Amounts whose sum leaves the safe integers are refused, as is a discount larger than the order.
 */
export function priceOrder(
  lines: readonly OrderLine[],
  discount: Discount | null,
  currency: string,
): { ok: true; price: PricedOrder } | ({ ok: false } & PriceRefused) {
  if (!isCurrency(currency)) return unpriced("unknown_currency", "/currency", `${currency} is not a currency of ISO 4217.`);
  const amounts: number[] = [];
  let subtotal = 0;
  for (const [index, { quantity, unitAmount }] of lines.entries()) {
    if (!isAmount(quantity) || quantity < 1)
      return unpriced("invalid_quantity", `/items/${index}/quantity`, "The quantity is a whole number from 1.");
    if (!isAmount(unitAmount) || unitAmount < 0)
      return unpriced(
        "invalid_amount",
        `/items/${index}/unit_amount`,
        "The amount is a whole, non-negative number of minor units.",
      );
    const amount = quantity * unitAmount;
    subtotal += amount;
    // both factors are exact, so a product or sum that is a safe integer is exact too
    if (!isAmount(amount) || !isAmount(subtotal))
      return unpriced("amount_too_large", `/items/${index}`, "The order's sum is too large.");
    amounts.push(amount);
  }

  const deduction = deductionFrom(subtotal, discount);
  if (typeof deduction !== "number") return deduction;
  const discounts = splitByLargestRemainder(deduction, amounts);
  const priced = amounts.map((amount, index) => {
    const off = discounts[index] ?? 0;
    return { amount, discount: off, tax: 0, total: amount - off };
  });
  return {
    ok: true,
    price: { currency, subtotal, discountTotal: deduction, taxTotal: 0, total: subtotal - deduction, lines: priced },
  };
}

/** What settled money is to an order. Only `covers` and `over` approve it; the surplus of `over` is the customer's credit. */
export type PaymentJudgement = "covers" | "partial" | "over" | "wrong_currency" | "wrong_mode";

/**
 * Judges all money settled for an order against its total. Mode and currency come before the sum: a test payment, or 100 yen for 100 euros,
 * covers nothing. Whether the money was for this order, and from this tenant's account, is the caller's to know.
 */
export function judgePayment(
  order: { total: number; currency: string; livemode: boolean },
  payment: { amountReceived: number; currency: string; livemode: boolean },
): PaymentJudgement {
  if (payment.livemode !== order.livemode) return "wrong_mode";
  if (payment.currency.toUpperCase() !== order.currency.toUpperCase()) return "wrong_currency";
  if (!isAmount(payment.amountReceived) || payment.amountReceived < order.total) return "partial";
  return payment.amountReceived === order.total ? "covers" : "over";
}

/** A payment as the provider tells it now, in our minor units. `amountReceived` and `amountRefunded` are null where we have no such amount. */
export type ProviderPayment = {
  state: "waiting" | "failed" | "requires_action" | "processing" | "canceled" | "succeeded";
  amountReceived: number | null;
  amountRefunded: number | null;
  currency: string;
  livemode: boolean;
};

/** What a payment as it stands now means for its order. `amountPaid` is what was received and did not go back. */
export type PaymentOutcome =
  | { kind: "nothing" }
  | { kind: "moved"; paymentStatus: PaymentStatus; amountPaid: number }
  | { kind: "settled"; amountPaid: number }
  /** Money that buys nothing here: it is told, never dropped. `order_canceled` is to go back. */
  | { kind: "unexpected"; reason: "order_canceled" | "wrong_currency" | "wrong_mode" | "unknown_amount" };

const WITHOUT_MONEY: Record<Exclude<ProviderPayment["state"], "succeeded">, PaymentStatus> = {
  waiting: "pending",
  failed: "failed",
  requires_action: "requires_action",
  processing: "processing",
  // a payment that was ended at the provider can never be paid
  canceled: "failed",
};

/**
 * Moves an order to where its payment stands, forward only: what was settled is never unsettled, and the same payment seen again is nothing.
 * The order must have been read before the payment was fetched. Whether the payment is of this order is the caller's to know.
 */
export function paymentOutcome(
  order: {
    status: OrderStatus;
    paymentStatus: PaymentStatus;
    total: number;
    amountPaid: number;
    currency: string;
    livemode: boolean;
  },
  payment: ProviderPayment,
): PaymentOutcome {
  if (payment.state !== "succeeded") {
    const paymentStatus = WITHOUT_MONEY[payment.state];
    if (order.status !== "pending" || MONEY_IS_HERE.has(order.paymentStatus) || order.paymentStatus === "refunded")
      return nothing;
    return paymentStatus === order.paymentStatus ? nothing : { kind: "moved", paymentStatus, amountPaid: 0 };
  }

  const { amountReceived, amountRefunded } = payment;
  if (amountReceived === null || amountRefunded === null) return { kind: "unexpected", reason: "unknown_amount" };
  const amountPaid = amountReceived - amountRefunded;
  const judgement = judgePayment(order, { ...payment, amountReceived: amountPaid });
  if (judgement === "wrong_mode" || judgement === "wrong_currency") return { kind: "unexpected", reason: judgement };
  // by what was received: where a refund went out and its outcome was never heard of, it is still to be recorded
  if (order.status === "canceled" && amountReceived > 0) {
    return order.paymentStatus === "refunded" ? nothing : { kind: "unexpected", reason: "order_canceled" };
  }

  if (judgement !== "partial" && order.status === "pending") return { kind: "settled", amountPaid };
  const paymentStatus = statusOfMoney(judgement, amountPaid, amountRefunded);
  if (paymentStatus === order.paymentStatus && amountPaid === order.amountPaid) return nothing;
  return { kind: "moved", paymentStatus, amountPaid };
}

const nothing = { kind: "nothing" } as const;

function statusOfMoney(judgement: "covers" | "over" | "partial", amountPaid: number, amountRefunded: number): PaymentStatus {
  if (judgement !== "partial") return "paid";
  if (amountRefunded === 0) return "partially_paid";
  return amountPaid > 0 ? "partially_refunded" : "refunded";
}

function deductionFrom(subtotal: number, discount: Discount | null): number | ({ ok: false } & PriceRefused) {
  if (discount === null) return 0;
  if ("amount" in discount) {
    const { amount } = discount;
    if (!isAmount(amount) || amount < 0)
      return unpriced("invalid_amount", "/discount/amount", "The amount is a whole, non-negative number of minor units.");
    return amount <= subtotal
      ? amount
      : unpriced("discount_too_large", "/discount/amount", "The discount is larger than the order.");
  }
  const percent = parsePercent(discount.percent);
  if (percent === null || percent > 1_000_000n)
    return unpriced("invalid_percent", "/discount/percent", "The percentage is from 0 to 100, with at most 4 decimals.");
  return percentOf(subtotal, discount.percent);
}

function unpriced(code: PriceRefused["code"], pointer: string, detail: string): { ok: false } & PriceRefused {
  return { ok: false, code, pointer, detail };
}

function no(code: OrderMoveRefused["code"], detail: string): OrderMoveRefused {
  return { code, detail };
}
