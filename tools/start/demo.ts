import { createHash } from "node:crypto";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { Webhook } from "standardwebhooks";
import { Advice, type Say } from "../say.ts";
import { type Api, apiAt } from "./api.ts";
import type { Addresses } from "./installation.ts";
import { receiverPath, type SeededDemo, stripePublishableKey } from "./seed.ts";
import type { PlayedDemo, Seed } from "./seed-state.ts";

type Order = {
  id: string;
  number: string;
  total: number;
  currency: string;
  license_ids: string[];
  payment: { client_secret: string };
};
type Fact = {
  seq: number;
  type: string;
  subject: { type: string; id: string };
  data: { object: Record<string, unknown> };
};
type Decision = { valid: boolean; code: string; token: string };
type Received = { headers: Record<string, string>; body: string };

/** What the demo's device calls itself: programs send a hash of what they find on the machine, never the findings. */
const fingerprint = createHash("sha256").update("the demo device").digest("hex");

const waitAtMostMs = 60_000;
const pollEveryMs = 20;

/** Prints a step that was just seen to have happened, with the time since the buyer began to order. */
type Tell = (what: string, detail: string) => void;

/**
 * Plays the main job once, as a customer, a payment provider and a program on a device would, and prints each step when it
 * happens: order, payment, the provider's webhook, the workflow, the license, activation, validation, the tenant's webhook.
 * @throws {Advice} naming the step that did not come
 */
export async function playDemo(at: Addresses, demo: SeededDemo, seed: Seed, say: Say): Promise<PlayedDemo> {
  const play = (seed.state.demos ?? 0) + 1;
  await seed.save({ demos: play });
  say.line("\nThe main job, on real input:");
  const startedMs = performance.now();
  const tell: Tell = (what, detail) => {
    const ms = Math.round(performance.now() - startedMs);
    say.line(`  ${`+${ms}`.padStart(6)} ms  ${what.padEnd(44)} ${detail}`.trimEnd());
  };

  const api = apiAt(at.edge, demo.live.secret_key);
  const order = await placeOrder(api, demo, `${seed.state.run}/demo-${play}`, tell);
  await payAtStripe(at.stripe, order, tell);
  const licenseId = await followFulfillment(api, at, demo, order.id, tell);
  const [used] = await Promise.all([
    useLicense(api, at.edge, demo, licenseId, tell),
    findWebhook(at.receiver, demo, order.id, tell),
  ]);

  const played = { order_id: order.id, license_id: licenseId, fingerprint, ...used };
  await seed.save({ demo: played });
  return played;
}

async function placeOrder(api: Api, demo: SeededDemo, key: string, tell: Tell): Promise<Order> {
  const body = { customer_id: demo.customer_id, items: [{ template_id: demo.template_id, quantity: 1 }], provider: "stripe" };
  const order = await api.post<Order>("/v1/orders", body, `${key}/order`);
  tell("order placed through the API", `${order.number}, ${money(order.total, order.currency)}, ${order.id}`);
  return order;
}

/** Confirms the payment as Stripe.js does in a browser: with the publishable key and the secret of this one payment. */
async function payAtStripe(stripe: string, order: Order, tell: Tell): Promise<void> {
  const { client_secret } = order.payment;
  const [intent] = client_secret.split("_secret_");
  const answer = await fetch(`${stripe}/v1/payment_intents/${intent}/confirm`, {
    method: "POST",
    body: new URLSearchParams({ key: stripePublishableKey, client_secret, payment_method: "pm_card_visa" }),
  });
  const paid = await answer.json<{ status?: string; error?: { message?: string } }>();
  if (paid.status !== "succeeded")
    throw new Advice(`The Stripe simulator did not take the payment: ${paid.error?.message ?? paid.status}`);
  tell("paid at the Stripe simulator", `test card Visa, ${intent}`);
}

const told: Record<string, string> = {
  "order.paid": "Stripe's signed webhook taken: order.paid",
  "license.created": "license issued",
  "order.fulfilled": "order fulfilled by its workflow",
};

/** Reads the tenant's events as they come, until the order is fulfilled. Returns the id of its license. */
async function followFulfillment(api: Api, at: Addresses, demo: SeededDemo, orderId: string, tell: Tell): Promise<string> {
  let after = 0;
  let licenseId: string | undefined;
  const fulfilled = async (): Promise<boolean> => {
    const page = await api.get<{ data: Fact[] }>(`/v1/events?after=${after}&limit=100`);
    for (const fact of page.data) {
      after = fact.seq;
      if (fact.subject.id !== orderId && fact.data.object["order_id"] !== orderId) continue;
      if (fact.type === "license.created") licenseId = fact.subject.id;
      const what = told[fact.type];
      if (what !== undefined) tell(what, detailOf(fact, at, demo));
      if (fact.type === "order.fulfilled") return true;
    }
    return false;
  };
  await until("the order to be fulfilled", fulfilled);
  if (licenseId === undefined) throw new Advice(`Order ${orderId} was fulfilled, but no license of it was told.`);
  return licenseId;
}

function detailOf(fact: Fact, at: Addresses, demo: SeededDemo): string {
  switch (fact.type) {
    case "order.paid":
      return `at ${new URL(demo.live.stripe.hook_url).pathname}`;
    case "order.fulfilled":
      return workflowLink(at, fact.subject.id);
    default:
      return fact.subject.id;
  }
}

/** The order's workflow in the Temporal UI, or its id where Temporal is not ours and its UI is not known. */
const workflowLink = (at: Addresses, orderId: string): string =>
  at.temporal.uiUrl === null
    ? `order/${orderId}`
    : `${at.temporal.uiUrl}/namespaces/default/workflows/${encodeURIComponent(`order/${orderId}`)}`;

/** Activates and validates as a program does that was given the license key, and checks the signed decision. */
async function useLicense(
  api: Api,
  edge: string,
  demo: SeededDemo,
  licenseId: string,
  tell: Tell,
): Promise<Pick<PlayedDemo, "license_key" | "activation_id" | "activation_token">> {
  const { license_key } = await api.post<{ license_key: string }>(`/v1/licenses/${licenseId}/reveal_key`);
  const program = apiAt(edge, demo.live.publishable_key);
  const device = { license_key, fingerprint };
  const activation = await program.post<{ id: string; activation_token: string }>("/v1/activations", {
    ...device,
    name: "Demo device",
  });
  tell("device activated", activation.id);
  const decision = await program.post<Decision>("/v1/licenses/validate", device);
  if (!decision.valid) throw new Advice(`The new license does not validate: ${decision.code}`);
  const jwks = await program.get<JSONWebKeySet>(`/.well-known/jwks/${demo.live.id}.json`);
  await jwtVerify(decision.token, createLocalJWKSet(jwks), {
    issuer: demo.live.id,
    typ: "olp1-decision+jws",
    algorithms: ["EdDSA"],
  });
  tell(`validated: "valid": true, ${decision.code}`, "token verified with the tenant's public key");
  return { license_key, activation_id: activation.id, activation_token: activation.activation_token };
}

/** Waits for the tenant's own webhook about the order and verifies it as a receiver must. */
async function findWebhook(receiver: string, demo: SeededDemo, orderId: string, tell: Tell): Promise<void> {
  const webhook = new Webhook(demo.webhook_endpoint.secret);
  await until("the webhook order.fulfilled", async () => {
    const answer = await fetch(`${receiver}/_log?path=${receiverPath}`);
    const log = await answer.json<Received[]>();
    const found = log.find(({ body }) => body.includes(orderId) && typeOf(body) === "order.fulfilled");
    if (!found) return false;
    webhook.verify(found.body, found.headers);
    tell("webhook order.fulfilled received", "signature verified");
    return true;
  });
}

function typeOf(body: string): string {
  const event: { type: string } = JSON.parse(body);
  return event.type;
}

async function until(what: string, happened: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + waitAtMostMs;
  while (!(await happened())) {
    if (Date.now() > deadline) {
      throw new Advice(
        `Waited ${waitAtMostMs / 1000} s for ${what}. The logs of the edge and the worker host may say why it does not come.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pollEveryMs));
  }
}

function money(amountMinor: number, currency: string): string {
  const format = new Intl.NumberFormat("en", { style: "currency", currency, currencyDisplay: "code" });
  const decimals = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amountMinor / 10 ** decimals);
}
