import { Stripe } from "stripe";
import { onTestFinished } from "vitest";
import { type Received, startReceiver } from "../../simulators/receiver/server.ts";
import type { LogEntry } from "../../simulators/stripe/courier.ts";
import { startStripe } from "../../simulators/stripe/server.ts";

/** A running Stripe simulator that ends with the test, and ways to speak to it. */
export async function stripeWorld(statePath?: string) {
  const simulator = await startStripe({ port: 0, ...(statePath === undefined ? {} : { statePath }) });
  onTestFinished(simulator.close);
  const { hostname, port } = new URL(simulator.url);

  /** The official client with this key; retries are off so that a test sees each answer. */
  const client = (key = "sk_live_shop", config: ConstructorParameters<typeof Stripe>[1] = {}) =>
    new Stripe(key, { host: hostname, port: Number(port), protocol: "http", maxNetworkRetries: 0, telemetry: false, ...config });

  const control = async (body: object) => {
    const response = await fetch(`${simulator.url}/_control`, { method: "POST", body: JSON.stringify(body) });
    return {
      status: response.status,
      body: await response.json<{ active: Record<string, unknown>; result?: object }>(),
    };
  };

  const deliveries = async () => {
    const response = await fetch(`${simulator.url}/_control/log`);
    return response.json<LogEntry[]>();
  };

  /** A form as a browser or curl sends it. */
  const post = (path: string, form: string | Record<string, string>, headers: Record<string, string> = {}) =>
    fetch(`${simulator.url}${path}`, {
      method: "POST",
      body: new URLSearchParams(form).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    });

  return { url: simulator.url, close: simulator.close, client, control, deliveries, post };
}

/** A running receiver that ends with the test. */
export async function receiverWorld(statePath?: string, port = 0) {
  const receiver = await startReceiver({ port, ...(statePath === undefined ? {} : { statePath }) });
  onTestFinished(receiver.close);
  const control = async (body: object) =>
    (await fetch(`${receiver.url}/_control`, { method: "POST", body: JSON.stringify(body) })).status;
  const log = async (path?: string) => {
    const response = await fetch(`${receiver.url}/_log${path === undefined ? "" : `?path=${path}`}`);
    return response.json<Received[]>();
  };
  return { url: receiver.url, close: receiver.close, control, log };
}

/** Waits until `look` gives something other than undefined or false; the test's own time-out is the end. */
export async function until<T>(look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The error that a promise of the client ends with. */
export async function problemOf(promise: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Stripe.errors.StripeError) return error;
  throw new Error(`expected a StripeError, got ${String(error)}`);
}

/** An intent of 12.50 EUR in the shape the edge asks for. */
export const order = {
  amount: 1250,
  currency: "eur",
  automatic_payment_methods: { enabled: true },
  metadata: { order: "ord_1" },
} as const;

/** A signature header as the client's check takes it. */
export const signatureOf = ({ headers }: Received) => String(headers["stripe-signature"]);

/** The id behind a field that may have been expanded. */
export function idOf(field: string | { id: string } | null): string {
  return typeof field === "string" ? field : (field?.id ?? "");
}
