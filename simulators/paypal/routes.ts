import type { Answer, Call } from "./call.ts";
import { getCapture, getRefund, getSale, refundCapture, refundSale } from "./captures.ts";
import {
  activatePlan,
  createPlan,
  createProduct,
  deactivatePlan,
  getPlan,
  getProduct,
  listPlans,
  listProducts,
} from "./catalog.ts";
import { getDispute, listDisputes } from "./disputes.ts";
import { captureOrder, confirmOrder, createOrder, getOrder, patchOrder } from "./orders.ts";
import { cancelPayoutItem, createPayout, getPayout, getPayoutItem } from "./payouts.ts";
import { listReportedTransactions } from "./reports.ts";
import {
  activateSubscription,
  cancelSubscription,
  captureOutstanding,
  createSubscription,
  getSubscription,
  listTransactions,
  reviseSubscription,
  suspendSubscription,
} from "./subscriptions.ts";
import {
  createPaymentToken,
  createSetupToken,
  deletePaymentToken,
  getPaymentToken,
  getSetupToken,
  listPaymentTokens,
} from "./vault.ts";
import { createWebhook, deleteWebhook, getEvent, getWebhook, listEvents, listWebhooks, resendEvent } from "./webhooks.ts";

/** One endpoint. `keptHours` is for how long a PayPal-Request-Id is remembered; without it the header has no effect. */
export type Route = { method: string; path: string; keptHours?: number; run(call: Call): Answer };

const ORDERS = "/v2/checkout/orders";
const SUBSCRIPTIONS = "/v1/billing/subscriptions";
const VAULT = "/v3/vault";
const HOOKS = "/v1/notifications";
/** Payments v2 remembers for 45 days. */
const DAYS_45 = 45 * 24;

export const routes: readonly Route[] = [
  { method: "POST", path: ORDERS, keptHours: 6, run: createOrder },
  { method: "GET", path: `${ORDERS}/:id`, run: getOrder },
  { method: "PATCH", path: `${ORDERS}/:id`, run: patchOrder },
  { method: "POST", path: `${ORDERS}/:id/confirm-payment-source`, keptHours: 6, run: confirmOrder },
  { method: "POST", path: `${ORDERS}/:id/capture`, keptHours: 6, run: captureOrder },
  { method: "GET", path: "/v2/payments/captures/:id", run: getCapture },
  { method: "POST", path: "/v2/payments/captures/:id/refund", keptHours: DAYS_45, run: refundCapture },
  { method: "GET", path: "/v2/payments/refunds/:id", run: getRefund },
  { method: "GET", path: "/v1/payments/sale/:id", run: getSale },
  { method: "POST", path: "/v1/payments/sale/:id/refund", keptHours: DAYS_45, run: refundSale },
  { method: "POST", path: "/v1/catalogs/products", keptHours: 72, run: createProduct },
  { method: "GET", path: "/v1/catalogs/products", run: listProducts },
  { method: "GET", path: "/v1/catalogs/products/:id", run: getProduct },
  { method: "POST", path: "/v1/billing/plans", keptHours: 72, run: createPlan },
  { method: "GET", path: "/v1/billing/plans", run: listPlans },
  { method: "GET", path: "/v1/billing/plans/:id", run: getPlan },
  { method: "POST", path: "/v1/billing/plans/:id/activate", run: activatePlan },
  { method: "POST", path: "/v1/billing/plans/:id/deactivate", run: deactivatePlan },
  { method: "POST", path: SUBSCRIPTIONS, keptHours: 72, run: createSubscription },
  { method: "GET", path: `${SUBSCRIPTIONS}/:id`, run: getSubscription },
  { method: "POST", path: `${SUBSCRIPTIONS}/:id/activate`, run: activateSubscription },
  { method: "POST", path: `${SUBSCRIPTIONS}/:id/suspend`, run: suspendSubscription },
  { method: "POST", path: `${SUBSCRIPTIONS}/:id/cancel`, run: cancelSubscription },
  { method: "POST", path: `${SUBSCRIPTIONS}/:id/revise`, run: reviseSubscription },
  { method: "POST", path: `${SUBSCRIPTIONS}/:id/capture`, keptHours: 72, run: captureOutstanding },
  { method: "GET", path: `${SUBSCRIPTIONS}/:id/transactions`, run: listTransactions },
  { method: "POST", path: `${VAULT}/setup-tokens`, keptHours: 3, run: createSetupToken },
  { method: "GET", path: `${VAULT}/setup-tokens/:id`, run: getSetupToken },
  { method: "POST", path: `${VAULT}/payment-tokens`, keptHours: 3, run: createPaymentToken },
  { method: "GET", path: `${VAULT}/payment-tokens`, run: listPaymentTokens },
  { method: "GET", path: `${VAULT}/payment-tokens/:id`, run: getPaymentToken },
  { method: "DELETE", path: `${VAULT}/payment-tokens/:id`, run: deletePaymentToken },
  // a batch is found again by its sender_batch_id, not by the header
  { method: "POST", path: "/v1/payments/payouts", run: createPayout },
  { method: "GET", path: "/v1/payments/payouts/:id", run: getPayout },
  { method: "GET", path: "/v1/payments/payouts-item/:id", run: getPayoutItem },
  { method: "POST", path: "/v1/payments/payouts-item/:id/cancel", run: cancelPayoutItem },
  { method: "GET", path: "/v1/customer/disputes", run: listDisputes },
  { method: "GET", path: "/v1/customer/disputes/:id", run: getDispute },
  { method: "GET", path: "/v1/reporting/transactions", run: listReportedTransactions },
  { method: "POST", path: `${HOOKS}/webhooks`, run: createWebhook },
  { method: "GET", path: `${HOOKS}/webhooks`, run: listWebhooks },
  { method: "GET", path: `${HOOKS}/webhooks/:id`, run: getWebhook },
  { method: "DELETE", path: `${HOOKS}/webhooks/:id`, run: deleteWebhook },
  { method: "GET", path: `${HOOKS}/webhooks-events`, run: listEvents },
  { method: "GET", path: `${HOOKS}/webhooks-events/:id`, run: getEvent },
  { method: "POST", path: `${HOOKS}/webhooks-events/:id/resend`, run: resendEvent },
];

/** The endpoint of a request and the variable parts of its path, or `undefined`. */
export function routeFor(all: readonly Route[], method: string, path: string): { route: Route; ids: string[] } | undefined {
  const steps = path.split("/");
  for (const route of all) {
    const pattern = route.path.split("/");
    if (route.method !== method || pattern.length !== steps.length) continue;
    if (!pattern.every((step, index) => step === ":id" || step === steps[index])) continue;
    const ids = steps.filter((_, index) => pattern[index] === ":id").map(decoded);
    return ids.includes("") ? undefined : { route, ids };
  }
  return undefined;
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step; // then no id is equal to it
  }
}
