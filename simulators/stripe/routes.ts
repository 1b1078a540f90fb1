import type { Call } from "./call.ts";
import { listCharges, retrieveCharge } from "./charges.ts";
import { createCustomer, deleteCustomer, listCustomers, retrieveCustomer, updateCustomer } from "./customers.ts";
import { closeDispute, listDisputes, retrieveDispute, updateDispute } from "./disputes.ts";
import { createEndpoint, deleteEndpoint, listEndpoints, retrieveEndpoint } from "./endpoints.ts";
import { listEvents, retrieveEvent } from "./events.ts";
import {
  cancelIntent,
  captureIntent,
  confirmPaymentIntent,
  createIntent,
  listIntents,
  retrieveIntent,
  updateIntent,
} from "./intents.ts";
import { attachMethod, createMethod, detachMethod, listMethods, retrieveMethod, updateMethod } from "./payment-methods.ts";
import { cancelRefund, createRefund, listRefunds, retrieveRefund, updateRefund } from "./refunds.ts";
import { cancelSetup, confirmSetupIntent, createSetup, listSetups, retrieveSetup, updateSetup } from "./setup-intents.ts";
import { listTransactions, retrieveTransaction } from "./transactions.ts";

/** One endpoint. `publishable` says that a key known to everyone may call it. */
export type Route = { method: string; path: string; publishable?: true; run(call: Call): object };

export const routes: readonly Route[] = [
  { method: "GET", path: "/v1/account", run: retrieveAccount },
  { method: "POST", path: "/v1/customers", run: createCustomer },
  { method: "GET", path: "/v1/customers", run: listCustomers },
  { method: "GET", path: "/v1/customers/:id", run: retrieveCustomer },
  { method: "POST", path: "/v1/customers/:id", run: updateCustomer },
  { method: "DELETE", path: "/v1/customers/:id", run: deleteCustomer },
  { method: "GET", path: "/v1/customers/:id/payment_methods", run: listMethods },
  { method: "GET", path: "/v1/customers/:id/payment_methods/:id", run: retrieveMethod },
  { method: "POST", path: "/v1/payment_methods", publishable: true, run: createMethod },
  { method: "GET", path: "/v1/payment_methods", run: listMethods },
  { method: "GET", path: "/v1/payment_methods/:id", run: retrieveMethod },
  { method: "POST", path: "/v1/payment_methods/:id", run: updateMethod },
  { method: "POST", path: "/v1/payment_methods/:id/attach", run: attachMethod },
  { method: "POST", path: "/v1/payment_methods/:id/detach", run: detachMethod },
  { method: "POST", path: "/v1/setup_intents", run: createSetup },
  { method: "GET", path: "/v1/setup_intents", run: listSetups },
  { method: "GET", path: "/v1/setup_intents/:id", publishable: true, run: retrieveSetup },
  { method: "POST", path: "/v1/setup_intents/:id", run: updateSetup },
  { method: "POST", path: "/v1/setup_intents/:id/confirm", publishable: true, run: confirmSetupIntent },
  { method: "POST", path: "/v1/setup_intents/:id/cancel", run: cancelSetup },
  { method: "POST", path: "/v1/payment_intents", run: createIntent },
  { method: "GET", path: "/v1/payment_intents", run: listIntents },
  { method: "GET", path: "/v1/payment_intents/:id", publishable: true, run: retrieveIntent },
  { method: "POST", path: "/v1/payment_intents/:id", run: updateIntent },
  { method: "POST", path: "/v1/payment_intents/:id/confirm", publishable: true, run: confirmPaymentIntent },
  { method: "POST", path: "/v1/payment_intents/:id/cancel", run: cancelIntent },
  { method: "POST", path: "/v1/payment_intents/:id/capture", run: captureIntent },
  { method: "GET", path: "/v1/charges", run: listCharges },
  { method: "GET", path: "/v1/charges/:id", run: retrieveCharge },
  { method: "POST", path: "/v1/refunds", run: createRefund },
  { method: "GET", path: "/v1/refunds", run: listRefunds },
  { method: "GET", path: "/v1/refunds/:id", run: retrieveRefund },
  { method: "POST", path: "/v1/refunds/:id", run: updateRefund },
  { method: "POST", path: "/v1/refunds/:id/cancel", run: cancelRefund },
  { method: "GET", path: "/v1/disputes", run: listDisputes },
  { method: "GET", path: "/v1/disputes/:id", run: retrieveDispute },
  { method: "POST", path: "/v1/disputes/:id", run: updateDispute },
  { method: "POST", path: "/v1/disputes/:id/close", run: closeDispute },
  { method: "GET", path: "/v1/balance_transactions", run: listTransactions },
  { method: "GET", path: "/v1/balance_transactions/:id", run: retrieveTransaction },
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
