import type { PaypalEvent } from "./wire.ts";

/** The events that a tenant's webhook is for. */
export const PAYPAL_EVENT_TYPES = [
  "CHECKOUT.ORDER.APPROVED",
  "CHECKOUT.ORDER.COMPLETED",
  "CHECKOUT.PAYMENT-APPROVAL.REVERSED",
  "PAYMENT.CAPTURE.COMPLETED",
  "PAYMENT.CAPTURE.PENDING",
  "PAYMENT.CAPTURE.DECLINED",
  "PAYMENT.CAPTURE.DENIED",
  "PAYMENT.CAPTURE.REFUNDED",
  "PAYMENT.CAPTURE.REVERSED",
  "PAYMENT.REFUND.PENDING",
  "PAYMENT.REFUND.FAILED",
  "PAYMENT.SALE.COMPLETED",
  "PAYMENT.SALE.PENDING",
  "PAYMENT.SALE.DENIED",
  "PAYMENT.SALE.REFUNDED",
  "PAYMENT.SALE.REVERSED",
  "BILLING.SUBSCRIPTION.CREATED",
  "BILLING.SUBSCRIPTION.ACTIVATED",
  "BILLING.SUBSCRIPTION.UPDATED",
  "BILLING.SUBSCRIPTION.EXPIRED",
  "BILLING.SUBSCRIPTION.CANCELLED",
  "BILLING.SUBSCRIPTION.SUSPENDED",
  "BILLING.SUBSCRIPTION.RE-ACTIVATED",
  "BILLING.SUBSCRIPTION.PAYMENT.FAILED",
  "VAULT.PAYMENT-TOKEN.CREATED",
  "VAULT.PAYMENT-TOKEN.DELETED",
  "CUSTOMER.DISPUTE.CREATED",
  "CUSTOMER.DISPUTE.UPDATED",
  "CUSTOMER.DISPUTE.RESOLVED",
  "PAYMENT.PAYOUTSBATCH.SUCCESS",
  "PAYMENT.PAYOUTSBATCH.DENIED",
  "PAYMENT.PAYOUTS-ITEM.SUCCEEDED",
  "PAYMENT.PAYOUTS-ITEM.FAILED",
  "PAYMENT.PAYOUTS-ITEM.UNCLAIMED",
  "PAYMENT.PAYOUTS-ITEM.RETURNED",
] as const;

/** The object that an event is about, to be fetched before anything is believed. */
export type PaypalSubject = {
  kind: "order" | "capture" | "refund" | "sale" | "subscription" | "payment_token" | "dispute" | "payout" | "payout_item";
  id: string;
};

/** Which object an event is about; undefined where it is about none that we keep. */
export function subjectOf({ event_type: type, resource }: PaypalEvent): PaypalSubject | undefined {
  const told = (kind: PaypalSubject["kind"], id: unknown = resource["id"]) =>
    typeof id === "string" && id !== "" ? { kind, id } : undefined;
  if (type === "CHECKOUT.PAYMENT-APPROVAL.REVERSED") return told("order", resource["order_id"]);
  if (type.startsWith("CHECKOUT.ORDER.")) return told("order");
  // these two carry the refund, not the capture or sale; the older one names what was refunded
  if (type === "PAYMENT.CAPTURE.REFUNDED" || type.startsWith("PAYMENT.REFUND.")) return told("refund");
  if (type === "PAYMENT.SALE.REFUNDED" || type === "PAYMENT.SALE.REVERSED")
    return told("sale", resource["sale_id"] ?? resource["id"]);
  if (type.startsWith("PAYMENT.CAPTURE.")) return told("capture");
  if (type.startsWith("PAYMENT.SALE.")) return told("sale");
  if (type.startsWith("BILLING.SUBSCRIPTION.")) return told("subscription");
  if (type.startsWith("VAULT.PAYMENT-TOKEN.")) return told("payment_token");
  if (type.startsWith("CUSTOMER.DISPUTE.")) return told("dispute", resource["dispute_id"]);
  if (type.startsWith("PAYMENT.PAYOUTS-ITEM.")) return told("payout_item", resource["payout_item_id"]);
  return type.startsWith("PAYMENT.PAYOUTSBATCH.") ? told("payout", batchOf(resource)) : undefined;
}

function batchOf({ batch_header: header }: Record<string, unknown>): unknown {
  return typeof header === "object" && header !== null && "payout_batch_id" in header ? header.payout_batch_id : undefined;
}

/** A webhook's body as an event; undefined where it is none. */
export function readPaypalEvent(body: string): PaypalEvent | undefined {
  const value = parsed(body);
  if (!isObject(value)) return undefined;
  const { id, event_type, resource } = value;
  if (typeof id !== "string" || typeof event_type !== "string" || !isObject(resource)) return undefined;
  return { ...value, id, event_type, resource };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
