import { EXPOSED_HEADERS } from "../exposed-headers.ts";
import type { Tier } from "./licenses.ts";

/** What of a request its answer's headers hang on. */
type Came = {
  requestId: string;
  origin: string | null;
  /** from where its key may be used, once it is known; none named = from everywhere */
  allowedOrigins: readonly string[];
};

/** A decision, and where it was read, with the headers that the router's middleware adds elsewhere. */
export function answerWith(
  answer: string | { status: number; text: string },
  came: Came,
  limits: Readonly<Record<string, string>>,
  tier: Tier,
  waitedMs: number,
): Response {
  // most answers are told at once, out of memory
  const timing = tier === "memory" && waitedMs === 0 ? AT_ONCE : `cache;desc="${tier}", total;dur=${waitedMs}`;
  const known = { "content-type": "application/json", "x-request-id": came.requestId, "server-timing": timing };
  const { "ratelimit-policy": policies, ratelimit: left, "retry-after": retryAfter } = limits;
  // written out, and not copied name by name: an object that grows costs the platform three times as much to read
  const headers: Record<string, string> =
    policies === undefined || left === undefined ? known : { ...known, "ratelimit-policy": policies, ratelimit: left };
  if (retryAfter !== undefined) headers["retry-after"] = retryAfter;
  if (came.origin !== null) allow(headers, came.origin, came.allowedOrigins);
  return typeof answer === "string"
    ? new Response(answer, { headers })
    : new Response(answer.text, { status: answer.status, headers });
}

const AT_ONCE = 'cache;desc="memory", total;dur=0';

/** A problem, which has its own content type. */
export function problemWith(response: Response, came: Came, waitedMs: number): Response {
  const headers: Record<string, string> = { "x-request-id": came.requestId, "server-timing": `total;dur=${waitedMs}` };
  if (came.origin !== null) allow(headers, came.origin, came.allowedOrigins);
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value);
  return response;
}

function allow(headers: Record<string, string>, origin: string, allowed: readonly string[]): void {
  headers["access-control-allow-origin"] = allowed.length === 0 ? "*" : origin;
  headers["access-control-expose-headers"] = EXPOSED_HEADERS;
  if (allowed.length > 0) headers["vary"] = "origin";
}
