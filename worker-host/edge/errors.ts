import { ApplicationFailure } from "@temporalio/common";

/** The edge answered with a problem (RFC 9457). */
export class EdgeProblem extends Error {
  readonly status: number;
  /** The problem's `code`, or `http_<status>` when something in between answered instead of the edge. */
  readonly code: string;
  /** What `Retry-After` asked for, in milliseconds. */
  readonly retryAfterMs: number | null;

  constructor(problem: { path: string; status: number; code: string; detail: string; retryAfterMs: number | null }) {
    super(`${problem.path} answered ${problem.status} ${problem.code}${problem.detail === "" ? "" : `: ${problem.detail}`}`);
    this.name = "EdgeProblem";
    this.status = problem.status;
    this.code = problem.code;
    this.retryAfterMs = problem.retryAfterMs;
  }
}

/** No answer, or none that can be understood: whether the request had its effect is not known. */
export class EdgeUnreachable extends Error {
  override readonly name = "EdgeUnreachable";
}

/** Codes of 4xx answers that say "not now" instead of "no". */
const LATER = new Set(["idempotency_in_flight", "changed_meanwhile"]);

/**
 * Whether asking again cannot help: a 4xx of the edge itself, except those that say "not now". A refused signature is the host's fault,
 * not the request's, and ends when secrets and clocks agree again. A 4xx without a problem code comes from something in between
 * (a proxy, a half-started worker), and says nothing about our request.
 */
export function isFinal(error: unknown): error is EdgeProblem {
  if (!(error instanceof EdgeProblem) || error.status < 400 || error.status > 499 || error.code.startsWith("http_")) return false;
  return error.status !== 401 && error.status !== 429 && !LATER.has(error.code);
}

/** The edge found fault with what we said, not with who we are or when we asked: told again it would be refused again. */
export function isRefusedContent(error: unknown): error is EdgeProblem {
  return error instanceof EdgeProblem && (error.status === 400 || error.status === 413 || error.status === 422);
}

/** Turns what a call of the edge throws into the failure by which an activity tells Temporal whether, and when, to try again. */
export async function viaEdge<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof EdgeProblem)) throw error;
    throw ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: isFinal(error),
      ...(error.retryAfterMs === null ? {} : { nextRetryDelay: error.retryAfterMs }),
    });
  }
}
