import { Stripe } from "stripe";
import type { OrderRow } from "#db/sales/orders";
import type { Repo } from "#db/repo";
import type { PaymentProviderRow } from "#db/tenants/payment-providers";
import type { Env } from "#kernel/env";
import type { Vault } from "#kernel/vault";
import { fromProviderAmount, toProviderAmount } from "#rules/money";
import { orderNumberText, type ProviderPayment } from "#rules/sales/orders";
import { paymentProviderMissing } from "./problems.ts";

/** Shorter than the lease of the intent it is called under (30 s): nobody else takes over while we wait. */
const TIMEOUT_MS = 20_000;

/** How many keys are tried for one payment intent, see `createIntent`. */
const CREATE_TRIES = 3;

/** What a call to Stripe came to when it did not succeed. `refused`: nothing happened, and will not; `unknown`: it may have happened. */
export type StripeFailure = { kind: "refused" | "unknown"; detail: string; error: Stripe.errors.StripeError };

/** The official client with a tenant's own key. Its failures are thrown as StripeError. Throws `payment_provider_missing`. */
export async function stripeOf(env: Env, repo: Pick<Repo, "paymentProviders">, vault: Vault): Promise<Stripe> {
  const row = await repo.paymentProviders.byProvider("stripe");
  if (!row) throw paymentProviderMissing({ provider: "stripe" });
  return stripeWith(env, row, vault);
}

/** The same for a provider's row that is at hand. */
export async function stripeWith(env: Env, row: PaymentProviderRow, vault: Vault): Promise<Stripe> {
  const key = await vault.unseal(["payment_providers", "stripe", "secret_key"], row.secretKey);
  return new Stripe(key, {
    httpClient: Stripe.createFetchHttpClient(),
    // we try again by ourselves, under our own keys and leases
    maxNetworkRetries: 0,
    timeout: TIMEOUT_MS,
    telemetry: false,
    // in production a provider is called at its own address whatever a row says
    ...(env.LATCHKEY_ENV === "development" && row.apiBase !== null ? addressOf(row.apiBase) : {}),
  });
}

function addressOf(base: string) {
  const { hostname, port, protocol } = new URL(base);
  const http = protocol === "http:";
  return { host: hostname, port: port || (http ? "80" : "443"), protocol: http ? ("http" as const) : ("https" as const) };
}

/**
 * Creates the payment intent of an order, unconfirmed; the same order always gets the same one. Stripe keeps the answer to a key for a day,
 * even its own breakdown: where it plays such a one back, the next key is tried. An intent nobody knows of cannot be paid.
 */
export async function createIntent(stripe: Stripe, order: OrderRow): Promise<Stripe.PaymentIntent> {
  const amount = toProviderAmount("stripe", order.currency, order.total);
  if (!amount.ok) throw new Error(`Order ${order.id} was placed with an amount that Stripe does not take: ${amount.detail}`);
  const params: Stripe.PaymentIntentCreateParams = {
    amount: amount.units,
    currency: order.currency.toLowerCase(),
    automatic_payment_methods: { enabled: true },
    description: `Order ${orderNumberText(order.number)}`,
    metadata: { tenant_id: order.tenantId, order_id: order.id },
  };
  for (let i = 1; ; i++) {
    const idempotencyKey = i === 1 ? `${order.id}/intent` : `${order.id}/intent/${i}`;
    try {
      return await stripe.paymentIntents.create(params, { idempotencyKey });
    } catch (error) {
      const isPlayedBack = error instanceof Stripe.errors.StripeError && error.headers?.["idempotent-replayed"] === "true";
      if (!isPlayedBack || (error.statusCode ?? 0) < 500 || i === CREATE_TRIES) throw error;
    }
  }
}

/** Fetches a payment intent with what was refunded of it. */
export async function fetchIntent(stripe: Stripe, id: string): Promise<Stripe.PaymentIntent> {
  return stripe.paymentIntents.retrieve(id, { expand: ["latest_charge"] });
}

/**
 * Ends a payment intent, so that it can never be paid. Answers its status afterwards: `canceled`, or what stands against it.
 * Without a key of ours: what is ended twice is ended, while a refusal kept under a key would outlive its reason.
 */
export async function cancelIntent(stripe: Stripe, id: string): Promise<Stripe.PaymentIntent.Status> {
  try {
    return (await stripe.paymentIntents.cancel(id)).status;
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError) || error.code !== "payment_intent_unexpected_state") throw error;
    return (await stripe.paymentIntents.retrieve(id)).status;
  }
}

/** Gives back all money of a payment intent, once however often it is asked. */
export async function refundIntent(stripe: Stripe, id: string): Promise<{ id: string | null; status: string | null }> {
  try {
    const refund = await stripe.refunds.create({ payment_intent: id }, { idempotencyKey: `${id}/refund` });
    return { id: refund.id, status: refund.status };
  } catch (error) {
    const refunded = error instanceof Stripe.errors.StripeError && error.code === "charge_already_refunded";
    if (!refunded) throw error;
    return { id: null, status: "succeeded" };
  }
}

/** How a call to Stripe failed; undefined for an error that is not Stripe's. */
export function failureOf(error: unknown): StripeFailure | undefined {
  if (!(error instanceof Stripe.errors.StripeError)) return undefined;
  const { statusCode } = error;
  // no answer, too many requests, a key in use, or Stripe's own breakdown: the same call may succeed later
  const isUnknown = statusCode === undefined || statusCode === 409 || statusCode === 429 || statusCode >= 500;
  return { kind: isUnknown ? "unknown" : "refused", detail: sentenceOf(error), error };
}

/** Stripe's own words, without what it repeats of a key. */
function sentenceOf({ code, message, statusCode }: Stripe.errors.StripeError): string {
  if (statusCode === 401) return "Stripe does not know the secret key.";
  if (statusCode === undefined) return "Stripe did not answer.";
  return `Stripe answered${code === undefined ? "" : ` ${code}`}: ${message.slice(0, 300)}`;
}

/** A payment intent in our words and our minor units. */
export function paymentOf(intent: Stripe.PaymentIntent): ProviderPayment {
  const currency = intent.currency.toUpperCase();
  const charge = typeof intent.latest_charge === "object" ? intent.latest_charge : null;
  return {
    state: stateOf(intent),
    amountReceived: fromProviderAmount("stripe", currency, intent.amount_received),
    amountRefunded: fromProviderAmount("stripe", currency, charge?.amount_refunded ?? 0),
    currency,
    livemode: intent.livemode,
  };
}

function stateOf(intent: Stripe.PaymentIntent): ProviderPayment["state"] {
  switch (intent.status) {
    case "requires_payment_method":
      return intent.last_payment_error ? "failed" : "waiting";
    case "requires_confirmation":
      return "waiting";
    case "requires_action":
      return "requires_action";
    case "processing":
    case "requires_capture":
      return "processing";
    case "canceled":
      return "canceled";
    case "succeeded":
      return "succeeded";
    default:
      // a status that Stripe adds later is no money yet
      return "waiting";
  }
}
