import type { Call } from "./call.ts";
import { retrieveCharge } from "./charges.ts";
import { createEndpoint, deleteEndpoint, listEndpoints, retrieveEndpoint } from "./endpoints.ts";
import { listEvents, retrieveEvent } from "./events.ts";
import { cancelIntent, confirmPaymentIntent, createIntent, listIntents, retrieveIntent, updateIntent } from "./intents.ts";
import { createRefund, listRefunds, retrieveRefund } from "./refunds.ts";

/** One endpoint. `publishable` says that a key known to everyone may call it. */
export type Route = { method: string; path: string; publishable?: true; run(call: Call): object };

export const routes: readonly Route[] = [
  { method: "GET", path: "/v1/account", run: retrieveAccount },
  { method: "POST", path: "/v1/payment_intents", run: createIntent },
  { method: "GET", path: "/v1/payment_intents", run: listIntents },
  { method: "GET", path: "/v1/payment_intents/:id", publishable: true, run: retrieveIntent },
  { method: "POST", path: "/v1/payment_intents/:id", run: updateIntent },
  { method: "POST", path: "/v1/payment_intents/:id/confirm", publishable: true, run: confirmPaymentIntent },
  { method: "POST", path: "/v1/payment_intents/:id/cancel", run: cancelIntent },
  { method: "GET", path: "/v1/charges/:id", run: retrieveCharge },
  { method: "POST", path: "/v1/refunds", run: createRefund },
  { method: "GET", path: "/v1/refunds", run: listRefunds },
  { method: "GET", path: "/v1/refunds/:id", run: retrieveRefund },
  { method: "POST", path: "/v1/webhook_endpoints", run: createEndpoint },
  { method: "GET", path: "/v1/webhook_endpoints", run: listEndpoints },
  { method: "GET", path: "/v1/webhook_endpoints/:id", run: retrieveEndpoint },
  { method: "DELETE", path: "/v1/webhook_endpoints/:id", run: deleteEndpoint },
  { method: "GET", path: "/v1/events", run: listEvents },
  { method: "GET", path: "/v1/events/:id", run: retrieveEvent },
];

/** The endpoint of a request and the variable parts of its path, or `undefined`. */
export function routeFor(method: string, path: string): { route: Route; ids: string[] } | undefined {
  const steps = path.split("/");
  for (const route of routes) {
    const pattern = route.path.split("/");
    if (route.method !== method || pattern.length !== steps.length) continue;
    if (!pattern.every((step, index) => step === ":id" || step === steps[index])) continue;
    const ids = steps.filter((_, index) => pattern[index] === ":id").map(decoded);
    return ids.includes("") ? undefined : { route, ids };
  }
  return undefined;
}

/** `GET /v1/account`: the account that the key belongs to. */
function retrieveAccount({ key, params }: Call): object {
  params.list("expand");
  params.done();
  const { account } = key.book;
  return {
    id: `acct_${account}`,
    object: "account",
    business_profile: { mcc: "5734", name: account, support_email: null, support_phone: null, support_url: null, url: null },
    business_type: "company",
    capabilities: { card_payments: "active", transfers: "active" },
    charges_enabled: true,
    country: "DE",
    created: 1_700_000_000,
    default_currency: "eur",
    details_submitted: true,
    email: `${account}@stripe.example`,
    metadata: {},
    payouts_enabled: true,
    settings: { dashboard: { display_name: account, timezone: "Etc/UTC" } },
    type: "standard",
  };
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step; // then no id is equal to it
  }
}
