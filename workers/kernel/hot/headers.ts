import { EXPOSED_HEADERS } from "../exposed-headers.ts";
import type { Tier } from "./licenses.ts";

/** The headers of one answer of the hot path: what the router's middleware adds elsewhere. */
export class AnswerHeaders {
  readonly #headers: Record<string, string>;
  readonly #origin: string | null;

  constructor(request: Request, requestId: string) {
    this.#headers = { "content-type": "application/json", "x-request-id": requestId };
    this.#origin = request.headers.get("origin");
    if (this.#origin !== null) this.#allowFrom("*");
  }

  /** From which origins the key may be used; none named = from all. */
  allowOrigins(allowed: readonly string[]): void {
    if (this.#origin === null || allowed.length === 0) return;
    this.#allowFrom(this.#origin);
    this.#headers["vary"] = "origin";
  }

  add(headers: Readonly<Record<string, string>>): void {
    Object.assign(this.#headers, headers);
  }

  /** A decision, and where it was read. */
  answer(text: string, tier: Tier, waitedMs: number): Response {
    this.#headers["server-timing"] = `cache;desc="${tier}", total;dur=${waitedMs}`;
    return new Response(text, { headers: this.#headers });
  }

  /** A problem, which has its own content type. */
  problem(response: Response, waitedMs: number): Response {
    this.#headers["server-timing"] = `total;dur=${waitedMs}`;
    for (const [name, value] of Object.entries(this.#headers)) if (name !== "content-type") response.headers.set(name, value);
    return response;
  }

  #allowFrom(origin: string): void {
    this.#headers["access-control-allow-origin"] = origin;
    this.#headers["access-control-expose-headers"] = EXPOSED_HEADERS;
  }
}
