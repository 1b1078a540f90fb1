import { homeAt } from "../../tools/start/home.ts";
import { portsFrom } from "../../tools/start/ports.ts";
import { startAll, type Started } from "../../tools/start/start-all.ts";
import { stripePublishableKey } from "../../tools/start/seed.ts";

/** An installation of its own, with all its real processes, in a folder that is empty at first. */
export async function installation(name: string): Promise<Started & { folder: string; lines: string[] }> {
  const lines: string[] = [];
  const say = { line: (text: string) => void lines.push(text), progress: () => {} };
  const home = homeAt(`${process.env["LATCHKEY_HOME"] ?? ".latchkey/test"}/e2e-${name}`);
  const started = await startAll({
    home,
    ports: () => portsFrom(20_000 + Math.floor(Math.random() * 20_000)),
    reset: true,
    say,
    demo: true,
  });
  return { ...started, folder: home.folder, lines };
}

export type Answer = { status: number; body: Record<string, any> }; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects

/** Calls the public API of an installation with the demo tenant's keys. */
export function callerOf({ dev }: Started) {
  return async (
    method: string,
    path: string,
    body?: unknown,
    options: { key?: string; idempotencyKey?: string } = {},
  ): Promise<Answer> => {
    const response = await fetch(dev.edge_url + path, {
      method,
      headers: {
        authorization: `Bearer ${options.key ?? dev.tenant.secret_key}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(options.idempotencyKey ? { "idempotency-key": options.idempotencyKey } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
  };
}

/** Pays an order at the Stripe simulator as the buyer's browser does: with the publishable key and the payment's own secret. */
export async function pay({ dev }: Started, clientSecret: string, paymentMethod = "pm_card_visa"): Promise<string> {
  const [intent] = clientSecret.split("_secret_");
  const response = await fetch(`${dev.simulators.stripe.url}/v1/payment_intents/${intent}/confirm`, {
    method: "POST",
    body: new URLSearchParams({ key: stripePublishableKey, client_secret: clientSecret, payment_method: paymentMethod }),
  });
  const { status } = await response.json<{ status: string }>();
  return status;
}

export type Received = { at: string; headers: Record<string, string>; body: string; path: string };

export async function received({ dev }: Started): Promise<Received[]> {
  const log = await fetch(dev.simulators.webhook_receiver.log_url);
  return log.json<Received[]>();
}

/** Every event of the demo tenant after `seq`, oldest first; throws where the numbers have a gap. */
export async function eventsAfter(installed: Started, seq = 0) {
  const call = callerOf(installed);
  const events: {
    seq: number;
    id: string;
    type: string;
    subject: { type: string; id: string };
    data: { object: Record<string, unknown> };
  }[] = [];
  for (let after = seq; ;) {
    const { body } = await call("GET", `/v1/events?after=${after}&limit=100`);
    if (body["data"].length === 0) return events;
    for (const event of body["data"]) {
      after++;
      if (event.seq !== after) throw new Error(`Event ${after} is missing`);
      events.push(event);
    }
  }
}

export async function until(what: string, happened: () => Promise<boolean>, withinMs = 120_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await happened().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`Waited ${withinMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

/** Whatever happened: every story has come back to its feet, as the operator's list of stories tells, and every order's story is known to it. */
export async function expectNothingStuck(installed: Started): Promise<void> {
  const call = callerOf(installed);
  const key = installed.dev.operator_key;
  const listed = async (query: string) => (await call("GET", `/v1/stories?${query}&limit=100`, undefined, { key })).body["data"];
  await until("the mirror to know of orders", async () => (await listed("kind=fulfill_order")).length > 0);
  for (const state of ["stuck", "retrying", "failed"])
    await until(`no story to be ${state}`, async () => (await listed(`state=${state}`)).length === 0);
}
