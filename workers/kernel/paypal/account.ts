import type { Env } from "../env.ts";

/** How a tenant reaches PayPal: its row of `payment_providers`, and whether it is about real money. */
export type PaypalAccount = {
  clientId: string | null;
  /** Sealed: the client's secret. */
  secretKey: string;
  /** Sealed: the id of the webhook, which PayPal's signatures are over. */
  webhookSecret: string | null;
  /** A simulator; heeded in development alone. */
  apiBase: string | null;
  livemode: boolean;
};

/** Where PayPal's API is for an account: in production at PayPal's own address, whatever a row says. */
export function originOf(env: Pick<Env, "LATCHKEY_ENV">, account: Pick<PaypalAccount, "apiBase" | "livemode">): string {
  return simulatorOf(env, account) ?? (account.livemode ? "https://api-m.paypal.com" : "https://api-m.sandbox.paypal.com");
}

/** The one origin whose certificates may speak for PayPal. */
export function certificateOriginOf(
  env: Pick<Env, "LATCHKEY_ENV">,
  account: Pick<PaypalAccount, "apiBase" | "livemode">,
): string {
  return simulatorOf(env, account) ?? (account.livemode ? "https://api.paypal.com" : "https://api.sandbox.paypal.com");
}

/** The origin of a simulator, in development. */
export function simulatorOf(env: Pick<Env, "LATCHKEY_ENV">, { apiBase }: Pick<PaypalAccount, "apiBase">): string | undefined {
  return env.LATCHKEY_ENV === "development" && apiBase !== null ? new URL(apiBase).origin : undefined;
}
