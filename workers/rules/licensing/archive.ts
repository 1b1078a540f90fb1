import { addDuration, parseDuration } from "../time.ts";

/** A February of 28 days begins here: what is long enough from here on is so from any day. */
const SHORTEST_MONTH = new Date("2001-02-01T00:00:00.000Z");

/**
 * A churn limit counts the activations of thirty days, released ones too: no seat may be archived sooner, however the calendar falls.
 */
export const SOONEST = "P31D";
const LATEST = "P10Y";

/** Whether released seats may be archived that long after their month: P31D to P10Y. */
export function isArchiveDelay(duration: string): boolean {
  if (parseDuration(duration) === null) return false;
  const end = addDuration(SHORTEST_MONTH, duration);
  return addDuration(SHORTEST_MONTH, SOONEST) <= end && end <= addDuration(SHORTEST_MONTH, LATEST);
}
