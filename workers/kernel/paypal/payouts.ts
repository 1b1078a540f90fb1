import { moneyOf } from "./amounts.ts";
import type { Caller } from "./call.ts";
import type { PaypalPayout, PaypalPayoutItem } from "./wire.ts";

/** Money to somebody, in our words. */
export type NewPayoutItem = { id: string; receiver: string; currency: string; amount: number; note?: string };

/** Money that goes out. A batch is found again by its own id, which PayPal takes once in 30 days. */
export function payoutsOf(call: Caller) {
  const item = (id: string, act = "") => `/v1/payments/payouts-item/${encodeURIComponent(id)}${act}`;
  return {
    payouts: {
      create: (batchId: string, subject: string, items: readonly NewPayoutItem[]) =>
        call<PaypalPayout>("POST", "/v1/payments/payouts", {
          requestId: batchId,
          body: { sender_batch_header: { sender_batch_id: batchId, email_subject: subject }, items: items.map(itemBody) },
        }),
      get: (id: string) => call<PaypalPayout>("GET", `/v1/payments/payouts/${encodeURIComponent(id)}`),
      item: (id: string) => call<PaypalPayoutItem>("GET", item(id)),
      /** Takes back what its receiver did not claim. */
      cancelItem: (id: string) => call<PaypalPayoutItem>("POST", item(id, "/cancel"), { body: {} }),
    },
  };
}

function itemBody({ id, receiver, currency, amount, note }: NewPayoutItem): object {
  const money = moneyOf(currency, amount);
  return {
    recipient_type: "EMAIL",
    receiver,
    sender_item_id: id,
    amount: { currency: money.currency_code, value: money.value },
    ...(note === undefined ? {} : { note }),
  };
}
