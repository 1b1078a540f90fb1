import { newId } from "./books.ts";
import { type Answer, type Call, keep, listOf, mustHave, tell } from "./call.ts";
import { presentCapture, presentRefund, presentSale, presentSaleRefund, summaryOfRefund } from "./capture-views.ts";
import { businessFault } from "./errors.ts";
import { feeOf, minorOf, money, type Money } from "./money.ts";
import type { Capture, Payer, PurchaseUnit, Refund } from "./objects.ts";

const REFUND_WITHIN_MS = 180 * 86_400_000;

type Payment = {
  amount: Money;
  payer: Payer;
  orderId?: string;
  subscriptionId?: string;
  unit?: Pick<PurchaseUnit, "custom_id" | "invoice_id">;
};

/** Takes money of a payer who is willing: at once, later, or in vain. Throws `DUPLICATE_INVOICE_ID`. */
export function takePayment(call: Call, { amount, payer, orderId, subscriptionId, unit }: Payment): Capture {
  const { invoice_id: invoiceId, custom_id: customId } = unit ?? {};
  const taken = (other: Capture) => other.invoice_id === invoiceId && other.status !== "DECLINED" && other.status !== "FAILED";
  if (invoiceId !== undefined && listOf(call, "captures").some(taken)) {
    throw businessFault("DUPLICATE_INVOICE_ID", "A payment with this invoice id was made before.", { value: invoiceId });
  }
  const plain = money(amount.currency_code, minorOf(amount));
  const capture: Capture = {
    id: newId.money(),
    status: payer.wallet === "pending" ? "PENDING" : payer.wallet === "declined" ? "DECLINED" : "COMPLETED",
    pendingReason: payer.wallet === "pending" ? "ECHECK" : null,
    amount: plain,
    fee: feeOf(plain),
    refunded: 0,
    nextRefund: "COMPLETED",
    orderId: orderId ?? null,
    subscriptionId: subscriptionId ?? null,
    ...(customId === undefined ? {} : { custom_id: customId }),
    ...(invoiceId === undefined ? {} : { invoice_id: invoiceId }),
    payer,
    disputed: false,
    reversed: false,
    createdAt: call.now,
    updatedAt: call.now,
  };
  keep(call, "captures", capture);
  tellCapture(call, capture, capture.status === "PENDING" || capture.status === "DECLINED" ? capture.status : "COMPLETED");
  return capture;
}

/** Tells what became of money, in the words of the API that took it. */
export function tellCapture(
  call: Call,
  capture: Capture,
  what: "COMPLETED" | "PENDING" | "DECLINED" | "DENIED" | "REVERSED",
): void {
  const { currency_code: currency, value } = capture.amount;
  const summary = `Payment ${what.toLowerCase()} for ${value} ${currency}`;
  if (capture.subscriptionId !== null) {
    const verb = what === "DECLINED" ? "DENIED" : what;
    return tell(call, { type: `PAYMENT.SALE.${verb}`, kind: "sale", summary, resource: presentSale(call, capture) });
  }
  tell(call, {
    type: `PAYMENT.CAPTURE.${what}`,
    kind: "capture",
    version: "2.0",
    summary,
    resource: presentCapture(call, capture),
  });
}

/** `GET /v2/payments/captures/{id}` */
export const getCapture = (call: Call): Answer => ({ status: 200, body: presentCapture(call, mustHave(call, "captures")) });

/** `GET /v1/payments/sale/{id}` */
export const getSale = (call: Call): Answer => ({ status: 200, body: presentSale(call, mustHave(call, "captures")) });

/** `GET /v2/payments/refunds/{id}` */
export const getRefund = (call: Call): Answer => ({ status: 200, body: presentRefund(call, mustHave(call, "refunds")) });

/** `POST /v2/payments/captures/{id}/refund`: all that is left of it, or part. */
export function refundCapture(call: Call): Answer {
  const capture = mustHave(call, "captures");
  const refund = giveBack(call, capture, call.body.money("amount"));
  return {
    status: 201,
    body: call.wantsAll ? presentRefund(call, refund) : summaryOfRefund(call, refund),
    of: ["refunds", refund.id],
  };
}

/** `POST /v1/payments/sale/{id}/refund` */
export function refundSale(call: Call): Answer {
  const capture = mustHave(call, "captures");
  const refund = giveBack(call, capture, call.body.money("amount", { names: ["currency", "total"] }));
  return { status: 201, body: presentSaleRefund(call, refund) };
}

function giveBack(call: Call, capture: Capture, asked: Money | undefined): Refund {
  const left = minorOf(capture.amount) - capture.refunded;
  mustBeRefundable(call, capture, left, asked);
  const { currency_code: currency } = capture.amount;
  const minor = asked ? minorOf(asked) : left;
  const status = capture.nextRefund;
  if (status !== "FAILED") capture.refunded += minor;
  const { body } = call;
  const texts = {
    custom_id: body.string("custom_id", 127),
    invoice_id: body.string("invoice_id", 127),
    note_to_payer: body.string("note_to_payer", 255),
  };
  body.any("payment_instruction", "description");
  body.done();
  const refund: Refund = {
    id: newId.money(),
    captureId: capture.id,
    status,
    amount: money(currency, minor),
    totalRefunded: money(currency, capture.refunded),
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== undefined)),
    createdAt: call.now,
    updatedAt: call.now,
  };
  keep(call, "refunds", refund);
  keep(call, "captures", { ...capture, nextRefund: "COMPLETED", status: afterRefund(capture), updatedAt: call.now });
  tellRefund(call, capture, refund);
  return refund;
}

function mustBeRefundable(call: Call, capture: Capture, left: number, asked: Money | undefined): void {
  if (!["COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"].includes(capture.status) || capture.reversed) {
    throw businessFault("REFUND_NOT_ALLOWED", `A capture that is ${capture.status} cannot be refunded.`);
  }
  if (left <= 0) throw businessFault("CAPTURE_FULLY_REFUNDED", "The capture was refunded in full before.");
  if (call.now - capture.createdAt > REFUND_WITHIN_MS) {
    throw businessFault("REFUND_TIME_LIMIT_EXCEEDED", "The capture is older than 180 days.");
  }
  if (asked && asked.currency_code !== capture.amount.currency_code) {
    throw businessFault("REFUND_CAPTURE_CURRENCY_MISMATCH", "Refund and capture are not in the same currency.");
  }
  if (asked && minorOf(asked) > left) {
    throw businessFault("REFUND_AMOUNT_EXCEEDED", "The refund is larger than what is left of the capture.");
  }
}

const afterRefund = ({ amount, refunded, status }: Capture): Capture["status"] =>
  refunded === 0 ? status : refunded === minorOf(amount) ? "REFUNDED" : "PARTIALLY_REFUNDED";

/** The event tells of the refund, not of the capture. */
function tellRefund(call: Call, capture: Capture, refund: Refund): void {
  const { value, currency_code: currency } = refund.amount;
  const summary = `A ${value} ${currency} refund was made`;
  if (capture.subscriptionId !== null && refund.status === "COMPLETED") {
    return tell(call, { type: "PAYMENT.SALE.REFUNDED", kind: "refund", summary, resource: presentSaleRefund(call, refund) });
  }
  const type = refund.status === "COMPLETED" ? "PAYMENT.CAPTURE.REFUNDED" : `PAYMENT.REFUND.${refund.status}`;
  tell(call, { type, kind: "refund", version: "2.0", summary, resource: presentRefund(call, refund) });
}

/** A pending refund ends: done, or the money stays with the seller. */
export function settleRefund(call: Call, refund: Refund, failed: boolean): Refund {
  const capture = mustHave(call, "captures", refund.captureId);
  const settled: Refund = { ...refund, status: failed ? "FAILED" : "COMPLETED", updatedAt: call.now };
  if (failed) {
    capture.refunded -= minorOf(refund.amount);
    const status = capture.refunded === 0 ? "COMPLETED" : afterRefund(capture);
    keep(call, "captures", { ...capture, status, updatedAt: call.now });
  }
  keep(call, "refunds", settled);
  tellRefund(call, capture, settled);
  return settled;
}

/** Pending money comes, or does not. */
export function settleCapture(call: Call, capture: Capture, failed: boolean): Capture {
  const settled: Capture = { ...capture, status: failed ? "DECLINED" : "COMPLETED", pendingReason: null, updatedAt: call.now };
  keep(call, "captures", settled);
  tellCapture(call, settled, failed ? "DENIED" : "COMPLETED");
  return settled;
}

/** The seller lost the money again: a dispute, a chargeback, a bank that took it back. */
export function reverseCapture(call: Call, capture: Capture): Capture {
  const reversed: Capture = {
    ...capture,
    reversed: true,
    status: "REFUNDED",
    refunded: minorOf(capture.amount),
    updatedAt: call.now,
  };
  keep(call, "captures", reversed);
  tellCapture(call, reversed, "REVERSED");
  return reversed;
}
