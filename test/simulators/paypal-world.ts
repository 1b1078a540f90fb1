import { onTestFinished } from "vitest";
import { startPaypal } from "../../simulators/paypal/server.ts";
import type { LogEntry } from "../../simulators/paypal/courier.ts";

/** An object as the wire shows it. */
export type Shown = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects
export type Answer = { status: number; body: Shown; headers: Headers };
type CallOptions = { requestId?: string; minimal?: true; token?: string; headers?: Record<string, string>; text?: string };

/** A running PayPal simulator that ends with the test, and ways to speak to it. */
export async function paypalWorld(statePath?: string) {
  const simulator = await startPaypal({ port: 0, ...(statePath === undefined ? {} : { statePath }) });
  onTestFinished(simulator.close);
  const { url } = simulator;

  const token = async (clientId = "live_shop", secret = `secret_of_${clientId}`): Promise<Answer> => {
    const response = await fetch(`${url}/v1/oauth2/token`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${clientId}:${secret}`)}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    return { status: response.status, body: await response.json<Shown>(), headers: response.headers };
  };

  /** Calls for one account; a token is fetched anew when a moved clock has ended it. */
  const account = async (clientId = "live_shop") => {
    let own = String((await token(clientId)).body["access_token"]);
    const call = async (method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> => {
      const answer = await once(method, path, body, options);
      if (answer.status !== 401 || options.token !== undefined) return answer;
      own = String((await token(clientId)).body["access_token"]);
      return once(method, path, body, options);
    };
    const once = async (method: string, path: string, body: unknown, options: CallOptions): Promise<Answer> => {
      const text = options.text ?? (body === undefined ? undefined : JSON.stringify(body));
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${options.token ?? own}`,
          ...(text === undefined ? {} : { "content-type": "application/json" }),
          ...(options.requestId === undefined ? {} : { "paypal-request-id": options.requestId }),
          ...(options.minimal ? {} : { prefer: "return=representation" }),
          ...options.headers,
        },
        ...(text === undefined ? {} : { body: text }),
      });
      const answer = await response.text();
      return { status: response.status, body: answer === "" ? {} : (JSON.parse(answer) as Shown), headers: response.headers };
    };
    return {
      call,
      get: (path: string) => call("GET", path),
      post: (path: string, body: unknown = {}, options?: CallOptions) => call("POST", path, body, options),
    };
  };

  const control = async (body: object): Promise<Shown> => {
    const response = await fetch(`${url}/_control`, { method: "POST", body: JSON.stringify(body) });
    const answer = await response.json<Shown>();
    if (response.status !== 200) throw new Error(String(answer["message"]));
    return (answer["result"] ?? answer) as Shown;
  };

  const deliveries = async () => (await fetch(`${url}/_control/log`)).json<LogEntry[]>();

  return { url, close: simulator.close, token, account, control, deliveries };
}

export type Account = Awaited<ReturnType<Awaited<ReturnType<typeof paypalWorld>>["account"]>>;

/** A request for an order. */
export const orderOf = (value = "12.50", currency = "EUR", more: object = {}) => ({
  intent: "CAPTURE",
  purchase_units: [{ amount: { currency_code: currency, value }, ...more }],
});

/** What exactly was wrong. */
export const issueOf = ({ status, body }: Answer) => [status, body["name"], body["details"]?.[0]?.issue];

/** An order that was approved and captured. */
export async function paid(world: Awaited<ReturnType<typeof paypalWorld>>, account: Account, value?: string, wallet = "ok") {
  const order = await account.post("/v2/checkout/orders", orderOf(value));
  await world.control({ mode: "approve", id: order.body["id"], wallet });
  const captured = await account.post(`/v2/checkout/orders/${order.body["id"]}/capture`);
  return { order: captured.body, capture: captured.body["purchase_units"][0].payments.captures[0] as Shown };
}
