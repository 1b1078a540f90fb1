import { moneyOf, type PaypalMoney } from "./amounts.ts";
import type { Caller } from "./call.ts";
import type { PaypalPlan, PaypalProduct, PaypalSale, PaypalSubscription, PaypalSubscriptionPayment } from "./wire.ts";

/** How often a plan of PayPal bills, and what. */
export type PaypalCycle = {
  unit: "DAY" | "WEEK" | "MONTH" | "YEAR";
  count: number;
  /** 0: without end. */
  cycles: number;
  /** Null: a trial that costs nothing. */
  price: PaypalMoney | null;
  trial?: boolean;
};

/** A plan in our words. */
export type NewPaypalPlan = {
  productId: string;
  name: string;
  cycles: PaypalCycle[];
  failureThreshold?: number;
  quantitySupported?: boolean;
};

export type NewPaypalSubscription = {
  planId: string;
  customId: string;
  quantity?: number;
  startAt?: Date;
  email?: string;
  returnUrl?: string;
  cancelUrl?: string;
  brandName?: string;
};

/** Products, plans and subscriptions of PayPal's own: where it collects, our dunning is off. */
export function subscriptionsOf(call: Caller) {
  const plan = (id: string, act = "") => `/v1/billing/plans/${encodeURIComponent(id)}${act}`;
  const at = (id: string, act = "") => `/v1/billing/subscriptions/${encodeURIComponent(id)}${act}`;
  const act = (id: string, what: string, reason: string) => call<unknown>("POST", at(id, what), { body: { reason } });
  return {
    products: {
      create: (name: string, requestId: string) =>
        call<PaypalProduct>("POST", "/v1/catalogs/products", {
          requestId,
          body: { name, type: "SERVICE", category: "SOFTWARE" },
        }),
      get: (id: string) => call<PaypalProduct>("GET", `/v1/catalogs/products/${encodeURIComponent(id)}`),
    },
    plans: {
      create: (made: NewPaypalPlan, requestId: string) =>
        call<PaypalPlan>("POST", "/v1/billing/plans", { requestId, body: planBody(made) }),
      get: (id: string) => call<PaypalPlan>("GET", plan(id)),
      activate: (id: string) => call<unknown>("POST", plan(id, "/activate"), { body: {} }),
      deactivate: (id: string) => call<unknown>("POST", plan(id, "/deactivate"), { body: {} }),
    },
    subscriptions: {
      /** Waits for its payer, see `linkOf(subscription, "approve")`. */
      create: (made: NewPaypalSubscription, requestId: string) =>
        call<PaypalSubscription>("POST", "/v1/billing/subscriptions", { requestId, body: subscriptionBody(made) }),
      get: (id: string) => call<PaypalSubscription>("GET", at(id)),
      activate: (id: string, reason: string) => act(id, "/activate", reason),
      suspend: (id: string, reason: string) => act(id, "/suspend", reason),
      cancel: (id: string, reason: string) => act(id, "/cancel", reason),
      /** Another plan or quantity, once the payer agrees; see `linkOf(answer, "approve")`. */
      revise: (id: string, change: { planId?: string; quantity?: number }) =>
        call<Pick<PaypalSubscription, "links">>("POST", at(id, "/revise"), {
          body: {
            ...(change.planId === undefined ? {} : { plan_id: change.planId }),
            ...(change.quantity === undefined ? {} : { quantity: String(change.quantity) }),
          },
        }),
      /** Collects what failed payments left outstanding. */
      captureOutstanding: (id: string, due: { currency: string; amount: number; note: string }, requestId: string) =>
        call<PaypalSubscriptionPayment>("POST", at(id, "/capture"), {
          requestId,
          body: { note: due.note.slice(0, 128), capture_type: "OUTSTANDING_BALANCE", amount: moneyOf(due.currency, due.amount) },
        }),
      payments: async (id: string, from: Date, until: Date) => {
        const query = new URLSearchParams({ start_time: from.toISOString(), end_time: until.toISOString() });
        const page = await call<{ transactions?: PaypalSubscriptionPayment[] }>(
          "GET",
          `${at(id, "/transactions")}?${query.toString()}`,
        );
        return page.transactions ?? [];
      },
    },
    sales: { get: (id: string) => call<PaypalSale>("GET", `/v1/payments/sale/${encodeURIComponent(id)}`) },
  };
}

const planBody = ({ productId, name, cycles, failureThreshold, quantitySupported }: NewPaypalPlan) => ({
  product_id: productId,
  name: name.slice(0, 127),
  status: "ACTIVE",
  billing_cycles: cycles.map(({ unit, count, cycles: total, price, trial }, index) => ({
    frequency: { interval_unit: unit, interval_count: count },
    tenure_type: trial ? "TRIAL" : "REGULAR",
    sequence: index + 1,
    total_cycles: total,
    ...(price ? { pricing_scheme: { fixed_price: price } } : {}),
  })),
  payment_preferences: { auto_bill_outstanding: true, payment_failure_threshold: failureThreshold ?? 3 },
  quantity_supported: quantitySupported ?? false,
});

function subscriptionBody(made: NewPaypalSubscription): object {
  const { returnUrl, cancelUrl, brandName } = made;
  return {
    plan_id: made.planId,
    custom_id: made.customId,
    ...(made.quantity === undefined ? {} : { quantity: String(made.quantity) }),
    ...(made.startAt === undefined ? {} : { start_time: `${made.startAt.toISOString().slice(0, 19)}Z` }),
    ...(made.email === undefined ? {} : { subscriber: { email_address: made.email } }),
    application_context: {
      ...(returnUrl === undefined ? {} : { return_url: returnUrl }),
      ...(cancelUrl === undefined ? {} : { cancel_url: cancelUrl }),
      ...(brandName === undefined ? {} : { brand_name: brandName }),
      shipping_preference: "NO_SHIPPING",
      user_action: "SUBSCRIBE_NOW",
    },
  };
}
