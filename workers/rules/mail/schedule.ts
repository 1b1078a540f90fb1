const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long after one attempt the next follows; behind the last of them the last one repeats. */
export const MAIL_DELAYS_MS = [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS] as const;

/** How long a mail is tried that a server puts off; then it failed. */
export const GIVE_UP_AFTER_MS = 72 * HOUR_MS;

/** How soon a mail is tried again that no server was reached for: the pump itself waits until there is one. */
export const UNREACHED_MS = 10_000;

/** Jitter lengthens a delay by up to this share, so that what failed together does not come back together. */
const JITTER_SHARE = 0.2;

/**
 * How one attempt ended. `deferred`: the server said "later" (4xx); `refused`: it said "never" (5xx), of the recipient or of the mail;
 * `unreached`: nobody was there to ask, or we were not let in.
 */
export type MailOutcome =
  | { kind: "accepted" }
  | { kind: "deferred" }
  | { kind: "refused"; what: "recipient" | "mail" }
  | { kind: "unreached" };

/** What follows an attempt. */
export type AfterMail = { state: "sent" | "bounced" | "failed" } | { state: "pending"; at: Date };

/**
 * What to do after an attempt ended at `now`, when a server first took the mail's call at `reachedAt`. `jitter` is a random number from 0 to 1. A server
 * that cannot be reached costs a mail nothing: it waits as long as that takes, and is tried as a new one afterwards.
 */
export function afterMail(
  outcome: MailOutcome,
  { reachedAt, now, jitter }: { reachedAt: Date; now: Date; jitter: number },
): AfterMail {
  if (!(jitter >= 0 && jitter <= 1)) throw new RangeError(`Not a jitter: ${jitter}`);
  const later = (ms: number) => ({
    state: "pending" as const,
    at: new Date(now.getTime() + Math.round(ms * (1 + JITTER_SHARE * jitter))),
  });
  switch (outcome.kind) {
    case "accepted":
      return { state: "sent" };
    case "refused":
      return { state: outcome.what === "recipient" ? "bounced" : "failed" };
    case "unreached":
      return later(UNREACHED_MS);
    case "deferred": {
      const next = later(delayBehind(now.getTime() - reachedAt.getTime()));
      return next.at.getTime() - reachedAt.getTime() > GIVE_UP_AFTER_MS ? { state: "failed" } : next;
    }
  }
}

/** The first delay that is not over when a mail has been put off for so long. */
function delayBehind(putOffMs: number): number {
  let over = 0;
  for (const delay of MAIL_DELAYS_MS) {
    if (over + delay > putOffMs) return delay;
    over += delay;
  }
  return MAIL_DELAYS_MS[MAIL_DELAYS_MS.length - 1] ?? HOUR_MS;
}
