import type { Env } from "../env.ts";
import type { Vault } from "../vault.ts";
import type { PaypalAccount } from "./account.ts";
import { callerOf } from "./call.ts";
import { ordersOf } from "./orders.ts";
import { payoutsOf } from "./payouts.ts";
import { reportsOf } from "./reports.ts";
import { subscriptionsOf } from "./subscriptions.ts";
import { walletsOf } from "./wallets.ts";
import { webhooksOf } from "./webhooks.ts";

/** PayPal for one tenant. */
export type PayPal = ReturnType<typeof paypalWith>;

/**
 * PayPal with a tenant's own credentials: thin calls over fetch, at most 20 s each with the token. Failures are thrown as
 * PayPalFailure.
 *
 * @example
 * const paypal = paypalWith(c.env, { ...row, livemode: repo.tenant.livemode }, vault);
 * const made = await paypal.orders.create({ currency: "EUR", amount: 4900, customId: order.id }, `${order.id}/order`);
 * const approveUrl = linkOf(made, "payer-action", "approve");
 */
export function paypalWith(env: Env, account: PaypalAccount, vault: Vault) {
  const call = callerOf(env, account, vault);
  return {
    ...ordersOf(call),
    ...subscriptionsOf(call),
    ...walletsOf(call),
    ...payoutsOf(call),
    ...reportsOf(call),
    ...webhooksOf(call),
  };
}
