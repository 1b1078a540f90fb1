import type { Say } from "../say.ts";
import { type Api, apiAt } from "../start/api.ts";
import { homeAt } from "../start/home.ts";
import { portsFrom } from "../start/ports.ts";
import { stripePublishableKey } from "../start/seed.ts";
import { startAll, type Started } from "../start/start-all.ts";
import { quantile } from "./figures.ts";

const SINGLE_ORDERS = 100;
const SUSTAINED_SECONDS = 20;
const BUYERS = 8;
const BASE_PORT = 18_600;
const quiet: Say = { line: () => {}, progress: () => {} };

type Order = { id: string; payment: { client_secret: string } };
type Fact = { seq: number; type: string; created_at: string; data: { object: { order_id?: string | null } } };

/** Measures paid orders on an installation of its own: how long one takes from payment to license, and how many a second it keeps up with. */
export async function benchOrders(say: Say): Promise<void> {
  const startedAt = Date.now();
  const home = homeAt(".latchkey/bench");
  say.progress("starting an installation of its own …");
  const installed = await startAll({ home, ports: () => portsFrom(BASE_PORT), reset: true, say: quiet, demo: true });
  say.line(`first start, with the demo: ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  try {
    const api = apiAt(installed.dev.edge_url, installed.dev.tenant.secret_key);
    await oneByOne(installed, api, say);
    await sustained(installed, api, say);
  } finally {
    await installed.stop();
  }
}

async function oneByOne(installed: Started, api: Api, say: Say): Promise<void> {
  let after = (await licensesAfter(api, 0)).seq;
  const latencies: number[] = [];
  for (let n = 1; n <= SINGLE_ORDERS; n++) {
    say.progress(`order ${n} of ${SINGLE_ORDERS} …`);
    const order = await place(installed, api);
    const paidAt = Date.now();
    await pay(installed, order);
    for (let issued = false; !issued;) {
      const { facts, seq } = await licensesAfter(api, after);
      after = seq;
      for (const fact of facts.filter(({ data }) => data.object.order_id === order.id)) {
        latencies.push(Date.parse(fact.created_at) - paidAt);
        issued = true;
      }
      if (!issued) await pause(100); // the license itself says when it came, so asking seldom costs no precision
    }
  }
  const [p50, p95, worst] = [0.5, 0.95, 1].map((share) => quantile(latencies, share));
  say.line(
    `payment to license over ${SINGLE_ORDERS} orders, one after the other: p50 ${p50} ms, p95 ${p95} ms, longest ${worst} ms`,
  );
}

async function sustained(installed: Started, api: Api, say: Say): Promise<void> {
  let { seq: after } = await licensesAfter(api, 0);
  let paid = 0;
  const endsAt = Date.now() + SUSTAINED_SECONDS * 1000;
  const buyer = async () => {
    while (Date.now() < endsAt) {
      await pay(installed, await place(installed, api));
      paid++;
    }
  };
  await Promise.all(Array.from({ length: BUYERS }, buyer));
  const stoppedAt = Date.now();
  let issued = 0;
  while (issued < paid) {
    const { facts, seq } = await licensesAfter(api, after);
    after = seq;
    issued += facts.length;
    say.progress(`${issued} of ${paid} orders have their license …`);
    if (facts.length === 0) await pause(50);
  }
  const drained = ((Date.now() - stoppedAt) / 1000).toFixed(1);
  const rate = (paid / SUSTAINED_SECONDS).toFixed(1);
  say.line(
    `${BUYERS} buyers for ${SUSTAINED_SECONDS} s: ${rate} orders/s placed and paid (${paid}); the last license came ${drained} s after the last payment`,
  );
}

async function place({ dev }: Started, api: Api): Promise<Order> {
  const { customer_id, template_id } = dev.demo;
  return api.post<Order>("/v1/orders", { customer_id, items: [{ template_id, quantity: 1 }] });
}

/** Pays as the buyer's browser does. */
async function pay({ dev }: Started, { payment }: Order): Promise<void> {
  const [intent] = payment.client_secret.split("_secret_");
  const form = { key: stripePublishableKey, client_secret: payment.client_secret, payment_method: "pm_card_visa" };
  const answer = await fetch(`${dev.simulators.stripe.url}/v1/payment_intents/${intent}/confirm`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  if (!answer.ok) throw new Error(`The payment was refused: ${await answer.text()}`);
  await answer.arrayBuffer();
}

/** The licenses that were told after an event, and the last event's number. */
async function licensesAfter(api: Api, seq: number): Promise<{ facts: Fact[]; seq: number }> {
  const facts: Fact[] = [];
  for (let after = seq; ;) {
    const { data } = await api.get<{ data: Fact[] }>(`/v1/events?after=${after}&limit=100`);
    facts.push(...data.filter(({ type }) => type === "license.created"));
    after = data.at(-1)?.seq ?? after;
    if (data.length < 100) return { facts, seq: after };
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
