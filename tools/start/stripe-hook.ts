import { Stripe } from "stripe";

/** The official client, at the simulator instead of at Stripe. */
export function stripeAt(origin: string, secretKey: string): Stripe {
  const { hostname, port } = new URL(origin);
  return new Stripe(secretKey, { host: hostname, port, protocol: "http", maxNetworkRetries: 3, telemetry: false });
}

/**
 * Registers the edge's hook at the simulator and removes others of that account (an earlier start may have had another
 * port). Returns the secret that signs its events, which is told only once.
 */
export async function registerHook(stripe: Stripe, hookUrl: string, idempotencyKey: string): Promise<string> {
  const hook = await stripe.webhookEndpoints.create({ url: hookUrl, enabled_events: ["*"] }, { idempotencyKey });
  for await (const other of stripe.webhookEndpoints.list({ limit: 100 })) {
    if (other.id !== hook.id) await stripe.webhookEndpoints.del(other.id);
  }
  if (hook.secret === undefined) throw new Error("the simulator told no secret for a new webhook endpoint");
  return hook.secret;
}
