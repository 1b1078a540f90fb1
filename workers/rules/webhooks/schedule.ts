/** How long after one attempt the next follows, in seconds; the first is made at once. Ten attempts over about four days. */
export const ATTEMPT_DELAYS_S = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;

/** The longest wait that a receiver may ask for by `Retry-After`. */
export const RETRY_AFTER_MAX_S = 86_400;

/** Jitter lengthens a delay by up to this share, so that what failed together does not come back together. */
const JITTER_SHARE = 0.2;

/** How one attempt ended: with an HTTP answer, or without one. */
export type AttemptOutcome = { kind: "answered"; status: number; retryAfterS: number | null } | { kind: "failed"; error: string };

/** What follows an attempt. `gone` = the receiver asked never to be called again (410). */
export type AfterAttempt = { kind: "succeeded" } | { kind: "retry"; at: Date } | { kind: "exhausted" } | { kind: "gone" };

/**
 * What to do after attempt number `attempt` (from 1) ended with `outcome` at `now`; `jitter` is a random number from 0 to 1.
 * Only 2xx is success: a redirect is a failure, for webhooks are never redirected. `Retry-After` can lengthen the wait, up to a day, and
 * never shorten it. Throws RangeError on an attempt or jitter that is none.
 */
export function nextAttempt(attempt: number, outcome: AttemptOutcome, now: Date, jitter: number): AfterAttempt {
  if (!Number.isInteger(attempt) || attempt < 1) throw new RangeError(`Not an attempt: ${attempt}`);
  if (!(jitter >= 0 && jitter <= 1)) throw new RangeError(`Not a jitter: ${jitter}`);

  if (outcome.kind === "answered") {
    if (outcome.status >= 200 && outcome.status < 300) return { kind: "succeeded" };
    if (outcome.status === 410) return { kind: "gone" };
  }
  const delayS = ATTEMPT_DELAYS_S[attempt];
  if (delayS === undefined) return { kind: "exhausted" };

  const asked = outcome.kind === "answered" ? (outcome.retryAfterS ?? 0) : 0;
  const waitS = Math.max(delayS * (1 + JITTER_SHARE * jitter), Math.min(asked, RETRY_AFTER_MAX_S));
  return { kind: "retry", at: new Date(now.getTime() + Math.round(waitS * 1000)) };
}

/** Whether an endpoint that subscribed to `patterns` gets events of `type`. `*` is every type, `license.*` every type of that noun. */
export function matchesEvent(patterns: readonly string[], type: string): boolean {
  return patterns.some((pattern) => {
    if (pattern === "*" || pattern === type) return true;
    return pattern.endsWith(".*") && type.startsWith(pattern.slice(0, -1));
  });
}
