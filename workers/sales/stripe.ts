import { Stripe } from "stripe";
import type { OrderRow } from "#db/sales/orders";
import { underKey } from "#kernel/stripe/intents";
import { fromProviderAmount, toProviderAmount } from "#rules/money";
import { orderNumberText, type ProviderPayment } from "#rules/sales/orders";

/**
 * Creates the payment intent of an order, unconfirmed; the same order always gets the same one. An intent nobody knows of cannot be paid.
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
  return underKey(`${order.id}/intent`, (options) => stripe.paymentIntents.create(params, options));
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
