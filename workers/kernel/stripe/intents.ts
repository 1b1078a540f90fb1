import { Stripe } from "stripe";

/** How many keys are tried for one call, see `underKey`. */
const TRIES = 3;

/**
 * Calls Stripe under a key of ours. Stripe keeps the answer to a key for a day, even its own breakdown: where it plays such a one back, the
 * next key is tried. So what is done twice must do no harm: a second intent that nobody knows of cannot be paid.
 */
export async function underKey<T>(key: string, call: (options: { idempotencyKey: string }) => Promise<T>): Promise<T> {
  for (let i = 1; ; i++) {
    try {
      return await call({ idempotencyKey: i === 1 ? key : `${key}/${i}` });
    } catch (error) {
      const isPlayedBack = error instanceof Stripe.errors.StripeError && error.headers?.["idempotent-replayed"] === "true";
      if (!isPlayedBack || (error.statusCode ?? 0) < 500 || i === TRIES) throw error;
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
