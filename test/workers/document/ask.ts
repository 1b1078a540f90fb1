import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import worker from "../../../workers/main.ts";

export type Asking = {
  method: string;
  path: string;
  key?: string | null;
  headers?: Record<string, string>;
  /** An object is sent as JSON; text and bytes are sent as they are. */
  body?: unknown;
};

export type Told = { status: number; headers: Headers; text: string; body: any }; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects

/** Asks the real worker, and waits also for what it does behind its answer, so that rows can be compared afterwards. */
export async function ask({ method, path, key, headers = {}, body }: Asking): Promise<Told> {
  const context = createExecutionContext();
  const raw = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const request = new Request(`https://latchkey.test${path}`, {
    method,
    headers: {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(body === undefined || "content-type" in headers ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: raw ? (body as BodyInit) : JSON.stringify(body) }),
  });
  const response = await worker.fetch(request as never, env, context);
  const text = await response.text();
  await waitOnExecutionContext(context);
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
