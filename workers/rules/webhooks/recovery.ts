import { RETRY_AFTER_MAX_S } from "./schedule.ts";

/** How sending to an endpoint stands when attempts failed just now. */
export type Failing = { failures: number; failingSince: Date };

/** So many attempts in a row may fail before an endpoint is left alone but for one try at a time. */
export const FAILURES_UNTIL_RECOVERY = 10;
const DAY_MS = 86_400_000;

/** How long after one try of an endpoint that is away the next follows, in seconds; the last one repeats. */
export const PROBE_DELAYS_S = [30, 60, 120, 300, 600, 1_800, 3_600] as const;
const JITTER_SHARE = 0.2;

/**
 * What follows for an endpoint from attempts that failed: it is tried on as before; it recovers, which is one try at a time, so that it holds up
 * nobody and is not run over when it comes back; or nothing arrived for so many days, and it is disabled.
 */
export function afterFailures(
  { failures, failingSince }: Failing,
  disableAfterDays: number,
  now: Date,
): "goes_on" | "recovers" | "disabled" {
  if (now.getTime() - failingSince.getTime() >= disableAfterDays * DAY_MS) return "disabled";
  return failures >= FAILURES_UNTIL_RECOVERY ? "recovers" : "goes_on";
}

/**
 * When an endpoint that recovers is tried next, after `probes` tries that failed (from 0); `jitter` is a random number from 0 to 1. What the
 * endpoint asked for by `Retry-After` can lengthen the wait, up to a day.
 */
export function nextProbeAt(
  { probes, retryAfterS, jitter }: { probes: number; retryAfterS: number | null; jitter: number },
  now: Date,
): Date {
  const delayS = PROBE_DELAYS_S[Math.min(probes, PROBE_DELAYS_S.length - 1)] as number;
  const waitS = Math.max(delayS * (1 + JITTER_SHARE * jitter), Math.min(retryAfterS ?? 0, RETRY_AFTER_MAX_S));
  return new Date(now.getTime() + Math.round(waitS * 1000));
}
