import { stamp } from "./books.ts";
import { type Call, link } from "./call.ts";
import { minorOf, money } from "./money.ts";
import type { Capture, Refund } from "./objects.ts";

/** A capture as Payments v2 answers it. */
export function presentCapture({ origin }: Pick<Call, "origin">, capture: Capture): object {
  const self = `${origin}/v2/payments/captures/${capture.id}`;
  const up = capture.orderId === null ? [] : [link(`${origin}/v2/checkout/orders/${capture.orderId}`, "up")];
  return {
    id: capture.id,
    status: capture.status,
    ...(capture.pendingReason === null ? {} : { status_details: { reason: capture.pendingReason } }),
    amount: { currency_code: capture.amount.currency_code, value: capture.amount.value },
    final_capture: true,
    ...(capture.custom_id === undefined ? {} : { custom_id: capture.custom_id }),
    ...(capture.invoice_id === undefined ? {} : { invoice_id: capture.invoice_id }),
    seller_protection: { status: "ELIGIBLE", dispute_categories: ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"] },
    seller_receivable_breakdown: receivableOf(capture),
    ...(capture.orderId === null ? {} : { supplementary_data: { related_ids: { order_id: capture.orderId } } }),
    ...(capture.status === "DECLINED" ? { processor_response: { response_code: "5100" } } : {}),
    create_time: stamp(capture.createdAt),
    update_time: stamp(capture.updatedAt),
    links: [link(self, "self"), link(`${self}/refund`, "refund", "POST"), ...up],
  };
}

/** Fee and net are known when the money has come. */
function receivableOf({ status, amount, fee }: Capture): object {
  const { currency_code: currency } = amount;
  const gross = money(currency, minorOf(amount));
  if (status === "PENDING" || status === "DECLINED" || status === "FAILED") return { gross_amount: gross };
  return { gross_amount: gross, paypal_fee: fee, net_amount: money(currency, minorOf(amount) - minorOf(fee)) };
}

/** The same money as the older API calls it, where a subscription took it. */
export function presentSale({ origin }: Pick<Call, "origin">, capture: Capture): object {
  const self = `${origin}/v1/payments/sale/${capture.id}`;
  const { currency_code: currency, value } = capture.amount;
  return {
    id: capture.id,
    state: stateOf(capture),
    amount: { total: value, currency, details: { subtotal: value } },
    payment_mode: capture.pendingReason === "ECHECK" ? "ECHECK" : "INSTANT_TRANSFER",
    ...(capture.pendingReason === null ? {} : { reason_code: capture.pendingReason }),
    protection_eligibility: "ELIGIBLE",
    protection_eligibility_type: "ITEM_NOT_RECEIVED_ELIGIBLE,UNAUTHORIZED_PAYMENT_ELIGIBLE",
    transaction_fee: { value: capture.fee.value, currency },
    ...(capture.subscriptionId === null ? {} : { billing_agreement_id: capture.subscriptionId }),
    ...(capture.custom_id === undefined ? {} : { custom: capture.custom_id }),
    ...(capture.invoice_id === undefined ? {} : { invoice_number: capture.invoice_id }),
    create_time: stamp(capture.createdAt),
    update_time: stamp(capture.updatedAt),
    links: [link(self, "self"), link(`${self}/refund`, "refund", "POST")],
  };
}

function stateOf({ status }: Capture): string {
  return status === "DECLINED" || status === "FAILED" ? "denied" : status.toLowerCase();
}

/** A refund as Payments v2 answers it. PayPal keeps its fee. */
export function presentRefund({ origin }: Pick<Call, "origin">, refund: Refund): object {
  const self = `${origin}/v2/payments/refunds/${refund.id}`;
  const { currency_code: currency } = refund.amount;
  return {
    id: refund.id,
    status: refund.status,
    ...(refund.status === "PENDING" ? { status_details: { reason: "ECHECK" } } : {}),
    amount: refund.amount,
    ...(refund.custom_id === undefined ? {} : { custom_id: refund.custom_id }),
    ...(refund.invoice_id === undefined ? {} : { invoice_id: refund.invoice_id }),
    ...(refund.note_to_payer === undefined ? {} : { note_to_payer: refund.note_to_payer }),
    seller_payable_breakdown: {
      gross_amount: refund.amount,
      paypal_fee: money(currency, 0),
      net_amount: refund.amount,
      total_refunded_amount: refund.totalRefunded,
    },
    create_time: stamp(refund.createdAt),
    update_time: stamp(refund.updatedAt),
    links: [link(self, "self"), link(`${origin}/v2/payments/captures/${refund.captureId}`, "up")],
  };
}

/** The same refund as the older API tells it of a sale. */
export function presentSaleRefund({ origin }: Pick<Call, "origin">, refund: Refund): object {
  const self = `${origin}/v1/payments/refund/${refund.id}`;
  return {
    id: refund.id,
    state: refund.status.toLowerCase(),
    amount: { total: refund.amount.value, currency: refund.amount.currency_code },
    sale_id: refund.captureId,
    total_refunded_amount: { value: refund.totalRefunded.value, currency: refund.totalRefunded.currency_code },
    create_time: stamp(refund.createdAt),
    update_time: stamp(refund.updatedAt),
    links: [link(self, "self"), link(`${origin}/v1/payments/sale/${refund.captureId}`, "sale")],
  };
}

/** What PayPal answers to a refund unless it is asked for all. */
export function summaryOfRefund({ origin }: Pick<Call, "origin">, { id, status, captureId }: Refund): object {
  const links = [link(`${origin}/v2/payments/refunds/${id}`, "self"), link(`${origin}/v2/payments/captures/${captureId}`, "up")];
  return { id, status, links };
}
