import { addDuration, parseDuration } from "../time.ts";
import { endOfMonth, SOONEST_DAYS } from "./archive-month.ts";

/** A February of 28 days begins here: what is long enough from here on is so from any day. */
const SHORTEST_MONTH = new Date("2001-02-01T00:00:00.000Z");
const LATEST = "P10Y";

/** Whether released seats may be archived so long after their month: P31D to P10Y. */
export function isArchiveDelay(duration: string): boolean {
  if (parseDuration(duration) === null) return false;
  const end = addDuration(SHORTEST_MONTH, duration);
  return addDuration(SHORTEST_MONTH, `P${SOONEST_DAYS}D`) <= end && end <= addDuration(SHORTEST_MONTH, LATEST);
}

/** From when on the seats that were released in a month are archived, by the setting `licensing.archive_activations_after`; null: never. */
export const archivedFrom = (month: string, after: string | null): Date | null =>
  after === null ? null : addDuration(endOfMonth(month), after);
