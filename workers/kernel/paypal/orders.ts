import { moneyOf } from "./amounts.ts";
import type { Caller } from "./call.ts";
import type { PaypalCapture, PaypalOrder, PaypalRefund } from "./wire.ts";

/** An order in our words. */
export type NewPaypalOrder = {
  currency: string;
  /** Minor units. */
  amount: number;
  /** Comes back with every capture: our own id. */
  customId: string;
  /** PayPal lets an invoice id be paid once. */
  invoiceId?: string;
  description?: string;
  brandName?: string;
  returnUrl?: string;
  cancelUrl?: string;
  /** Keep the payer's wallet when the money has come, for this customer of ours. */
  keepFor?: string;
  /** Nobody will be asked to approve: a kept wallet is to pay, see `captureWith`. */
  payerIsAway?: true;
};

/** Who is there when a kept wallet pays. */
export type Presence = "customer" | "merchant";

/** Orders v2 and what is captured and refunded of them. */
export function ordersOf(call: Caller) {
  const at = (id: string, act = "") => `/v2/checkout/orders/${encodeURIComponent(id)}${act}`;
  return {
    orders: {
      /** Waits for its payer, see `linkOf(order, "payer-action", "approve")`, or for a capture with a kept wallet. */
      create: (order: NewPaypalOrder, requestId: string) =>
        call<PaypalOrder>("POST", "/v2/checkout/orders", { requestId, body: orderBody(order) }),
      /**
       * Makes an order and takes its money from a kept wallet in one step. Where its outcome is unknown there is no id to ask for, only
       * the same call again under the same request id, within six hours; so rather `create`, keep the id, and `captureWith`.
       */
      createPaid: (order: NewPaypalOrder, vaultId: string, presence: Presence, requestId: string) =>
        call<PaypalOrder>("POST", "/v2/checkout/orders", {
          requestId,
          body: { ...orderBody(order), payment_source: { paypal: keptWallet(vaultId, presence) } },
        }),
      get: (id: string) => call<PaypalOrder>("GET", at(id)),
      /** Takes the money of an order that its payer approved. */
      capture: (id: string, requestId: string) => call<PaypalOrder>("POST", at(id, "/capture"), { requestId, body: {} }),
      /** Takes the money from a kept wallet. */
      captureWith: (id: string, vaultId: string, presence: Presence, requestId: string) =>
        call<PaypalOrder>("POST", at(id, "/capture"), {
          requestId,
          body: { payment_source: { paypal: keptWallet(vaultId, presence) } },
        }),
      /** Another amount, while nothing is taken. */
      changeAmount: (id: string, currency: string, amount: number) =>
        call<unknown>("PATCH", at(id), {
          body: [{ op: "replace", path: "/purchase_units/@reference_id=='default'/amount", value: moneyOf(currency, amount) }],
        }),
    },
    captures: {
      get: (id: string) => call<PaypalCapture>("GET", `/v2/payments/captures/${encodeURIComponent(id)}`),
      /** Gives back an amount, or without one all that is left. */
      refund: (id: string, requestId: string, part: { currency: string; amount: number } | null, customId?: string) =>
        call<PaypalRefund>("POST", `/v2/payments/captures/${encodeURIComponent(id)}/refund`, {
          requestId,
          body: {
            ...(part ? { amount: moneyOf(part.currency, part.amount) } : {}),
            ...(customId === undefined ? {} : { custom_id: customId }),
          },
        }),
    },
    refunds: {
      get: (id: string) => call<PaypalRefund>("GET", `/v2/payments/refunds/${encodeURIComponent(id)}`),
    },
  };
}

function orderBody(order: NewPaypalOrder): object {
  const { returnUrl, cancelUrl, brandName, keepFor } = order;
  const context = {
    ...(returnUrl === undefined ? {} : { return_url: returnUrl }),
    ...(cancelUrl === undefined ? {} : { cancel_url: cancelUrl }),
    ...(brandName === undefined ? {} : { brand_name: brandName }),
    // what is sold is not shipped
    shipping_preference: "NO_SHIPPING",
    user_action: "PAY_NOW",
  };
  const attributes = {
    vault: { store_in_vault: "ON_SUCCESS", usage_type: "MERCHANT", customer_type: "CONSUMER" },
    customer: { merchant_customer_id: keepFor },
  };
  const wallet = { experience_context: context, ...(keepFor === undefined ? {} : { attributes }) };
  return {
    intent: "CAPTURE",
    purchase_units: [
      {
        reference_id: "default",
        amount: moneyOf(order.currency, order.amount),
        custom_id: order.customId,
        ...(order.invoiceId === undefined ? {} : { invoice_id: order.invoiceId }),
        ...(order.description === undefined ? {} : { description: order.description.slice(0, 127) }),
      },
    ],
    ...(order.payerIsAway ? {} : { payment_source: { paypal: wallet } }),
  };
}

/** A wallet that its owner agreed to be charged by us, as PayPal wants it told. */
const keptWallet = (vaultId: string, presence: Presence) => ({
  vault_id: vaultId,
  stored_credential: {
    payment_initiator: presence === "merchant" ? "MERCHANT" : "CUSTOMER",
    usage: "SUBSEQUENT",
    usage_pattern: "RECURRING_PREPAID",
  },
});
