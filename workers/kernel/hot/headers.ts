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
  const { "ratelimit-policy": policies, ratelimit: left, "retry-after": retryAfter } = limits;
  const isAtOnce = tier === "memory" && waitedMs === 0 && typeof answer === "string";
  // most answers are told at once, out of memory, to a program that is no page
  if (isAtOnce && came.origin === null && retryAfter === undefined)
    return new Response(answer, { headers: headersAtOnce(came.requestId, policies, left) });
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "x-request-id": came.requestId,
    "server-timing": `cache;desc="${tier}", total;dur=${waitedMs}`,
    ...limits,
  };
  if (came.origin !== null) allow(headers, came.origin, came.allowedOrigins);
  return typeof answer === "string"
    ? new Response(answer, { headers })
    : new Response(answer.text, { status: answer.status, headers });
}

/** The headers of answers that are told at once, by the limits that they name. A response copies what it is given, so that each next one may write into them. */
const writtenBefore = new Map<string, Headers>();
/** How many sets of limits an isolate keeps headers of: tenants of a tier share theirs. */
const MOST_WRITTEN = 200;

/** Headers in which only what differs is written anew: the platform copies them faster than it reads an object, by a twentieth of all that a warm answer costs. */
function headersAtOnce(requestId: string, policies: string | undefined, left: string | undefined): Headers {
  const isLimited = policies !== undefined && left !== undefined;
  const name = isLimited ? policies : "";
  let headers = writtenBefore.get(name);
  if (headers === undefined) {
    headers = new Headers({ "content-type": "application/json", "server-timing": 'cache;desc="memory", total;dur=0' });
    if (isLimited) headers.set("ratelimit-policy", policies);
    if (writtenBefore.size >= MOST_WRITTEN) writtenBefore.clear();
    writtenBefore.set(name, headers);
  }
  headers.set("x-request-id", requestId);
  if (isLimited) headers.set("ratelimit", left);
  return headers;
}

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
