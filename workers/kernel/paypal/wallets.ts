import type { Caller } from "./call.ts";
import type { PaypalPaymentToken, PaypalSetupToken } from "./wire.ts";

/** Wallets that payers let us keep: the vault, version 3. */
export function walletsOf(call: Caller) {
  const setup = "/v3/vault/setup-tokens";
  const at = "/v3/vault/payment-tokens";
  return {
    setupTokens: {
      /** Asks a payer without charging; see `linkOf(token, "approve")`. */
      create: (customerId: string, urls: { returnUrl: string; cancelUrl: string }, requestId: string) =>
        call<PaypalSetupToken>("POST", setup, {
          requestId,
          body: {
            customer: { merchant_customer_id: customerId },
            payment_source: {
              paypal: {
                usage_type: "MERCHANT",
                experience_context: { return_url: urls.returnUrl, cancel_url: urls.cancelUrl },
              },
            },
          },
        }),
      get: (id: string) => call<PaypalSetupToken>("GET", `${setup}/${encodeURIComponent(id)}`),
    },
    paymentTokens: {
      /** Makes an approved setup token last. */
      create: (setupTokenId: string, requestId: string) =>
        call<PaypalPaymentToken>("POST", at, {
          requestId,
          body: { payment_source: { token: { id: setupTokenId, type: "SETUP_TOKEN" } } },
        }),
      get: (id: string) => call<PaypalPaymentToken>("GET", `${at}/${encodeURIComponent(id)}`),
      /** Of a customer by PayPal's id of it. */
      list: async (paypalCustomerId: string) => {
        const query = new URLSearchParams({ customer_id: paypalCustomerId, page_size: "20" });
        return (await call<{ payment_tokens?: PaypalPaymentToken[] }>("GET", `${at}?${query.toString()}`)).payment_tokens ?? [];
      },
      delete: (id: string) => call<unknown>("DELETE", `${at}/${encodeURIComponent(id)}`),
    },
  };
}
