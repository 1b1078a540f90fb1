import type { EdgeConfig } from "../config.ts";
import { EdgeProblem, EdgeUnreachable } from "./errors.ts";
import { signature, signNow } from "./sign.ts";

export type CallOptions = {
  /** Gives up after this long; a call that waits at the edge needs more than it waits. */
  timeoutMs?: number;
  /** Gives up when it aborts. */
  signal?: AbortSignal;
};

/** Calls one internal route of the edge. */
export type CallEdge = <Answer>(path: string, body: object, options?: CallOptions) => Promise<Answer>;

/**
 * A signed client of the edge's internal routes. It tries once: its callers know when and how often to try again.
 * Throws EdgeProblem for an answer that is not 2xx, EdgeUnreachable when there is none, and the signal's reason when that aborts.
 */
export function openEdge({ url, secret }: EdgeConfig): CallEdge {
  return async <Answer>(path: string, body: object, { timeoutMs = 10_000, signal }: CallOptions = {}) => {
    const target = new URL(path, url);
    const text = JSON.stringify(body);
    const request = { method: "POST", pathAndQuery: `${target.pathname}${target.search}`, host: target.host, body: text };
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(target, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json",
          "latchkey-signature": signature(secret, request, signNow()),
        },
        body: text,
        redirect: "manual",
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      const answer = await response.text();
      if (!response.ok) throw problemFrom(path, response, answer);
      const told: Answer = JSON.parse(answer); // our own edge: what its routes promise is typed in routes.ts
      return told;
    } catch (error) {
      if (error instanceof EdgeProblem) throw error;
      if (signal?.aborted === true) throw signal.reason;
      const why = timeout.aborted ? `did not answer within ${timeoutMs} ms` : `could not be asked: ${causeOf(error)}`;
      throw new EdgeUnreachable(`${path} ${why}`, { cause: error });
    }
  };
}

/** The problem in an answer, however little of one it is: a dead worker or a proxy answers with pages of its own. */
function problemFrom(path: string, response: Response, text: string): EdgeProblem {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  const told = readProblem(text);
  return new EdgeProblem({
    path,
    status: response.status,
    code: typeof told["code"] === "string" ? told["code"] : `http_${response.status}`,
    detail: typeof told["detail"] === "string" ? told["detail"] : "",
    retryAfterMs: Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null,
  });
}

function readProblem(text: string): Record<string, unknown> {
  try {
    const told: unknown = JSON.parse(text);
    return typeof told === "object" && told !== null ? { ...told } : {};
  } catch {
    return {};
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
