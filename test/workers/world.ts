import { env, exports } from "cloudflare:workers";
import { memory } from "#kernel/hot/memory";
import { apiKeyDigest, newApiKey } from "#kernel/keys";
import { peppers } from "#kernel/vault";

export type Answer<Body = Record<string, any>> = { status: number; headers: Headers; body: Body; text: string }; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects

type Options = { key?: string | null; idempotencyKey?: string; headers?: Record<string, string> };

const origin = "https://latchkey.test";

/** Sends a request to the real worker, and reads the answer to its end. */
export async function send(
  method: string,
  path: string,
  body?: unknown,
  { key, idempotencyKey, headers }: Options = {},
): Promise<Answer> {
  const response = await exports.default.fetch(`${origin}${path}`, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parsed(text), text };
}

/** What a text says as JSON; undefined where it is none. */
export function parsed(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An operator's key, put into the database as the deploy tool does. */
export async function operatorKey(): Promise<string> {
  const { text, last4 } = newApiKey("op", "00");
  const digest = await apiKeyDigest(peppers(env), text);
  await env.DB_00.prepare("insert into operator_keys (id, digest, name, last4, created_at) values (?, ?, 'Test', ?, ?)")
    .bind(`opk_${crypto.randomUUID()}`, digest, last4, Date.now())
    .run();
  return text;
}

/** Has the worker forget what it remembers: for tests that write rows themselves, of which no event tells. */
export const forget = (): void => memory.clear();

let worlds = 0;
const run = crypto.randomUUID().slice(0, 8);

export type World = Awaited<ReturnType<typeof world>>;

/** A tenant of its own for one test, with its keys, and short ways to call the API with them. */
export async function world() {
  const operator = await operatorKey();
  const slug = `w-${run}-${worlds++}`;
  const made = await send("POST", "/v1/tenants", { name: "World", slug, owner_email: "owner@world.example" }, { key: operator });
  if (made.status !== 201) throw new Error(`No tenant was made: ${made.text}`);
  const keyOf = (kind: string, livemode: boolean): string =>
    made.body["api_keys"].find((key: { kind: string; livemode: boolean }) => key.kind === kind && key.livemode === livemode)
      .secret;
  const keys = {
    secret: keyOf("secret", true),
    publishable: keyOf("publishable", true),
    testSecret: keyOf("secret", false),
    testPublishable: keyOf("publishable", false),
  };
  const call =
    (method: string) =>
    (path: string, body?: unknown, options: Options = {}) =>
      send(method, path, body, { key: keys.secret, ...options });
  const requests = { get: call("GET"), post: call("POST"), patch: call("PATCH"), put: call("PUT"), delete: call("DELETE") };
  return {
    operator,
    tenant: made.body as { id: string; sandbox_id: string; slug: string } & Record<string, unknown>,
    keys,
    ...requests,
  };
}

export const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
