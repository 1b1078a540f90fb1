import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import worker from "../../../workers/main.ts";
import { parsed } from "../world.ts";

export type Asking = {
  method: string;
  path: string;
  key?: string | null;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is, instead of a body. */
  raw?: string | Uint8Array;
};

export type Told = { status: number; headers: Headers; text: string; body: any }; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects

/** Asks the real worker, and waits also for what it does behind its answer, so that rows can be compared afterwards. */
export async function ask({ method, path, key, headers = {}, body, raw }: Asking): Promise<Told> {
  const context = createExecutionContext();
  const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const request = new Request(`https://latchkey.test${path}`, {
    method,
    headers: {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(sent === undefined || "content-type" in headers ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  });
  const response = await worker.fetch(request as never, env, context);
  const text = await response.text();
  await waitOnExecutionContext(context);
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}
