import type { DaySpan } from "#db/entitlements/usage-days";
import { invalidRequest } from "#kernel/problems";
import { dayOf } from "#rules/entitlements/periods";
import { REPORTED, type ReportPeriod } from "#rules/entitlements/reports";
import { daysBetween, daysBefore } from "#rules/entitlements/reports";

type Asked = { from?: string | undefined; to?: string | undefined };

/**
 * The days that sums are asked of, today being the last where none is named. Throws `invalid_request` for one that begins behind its end, or
 * is longer than sums by this period may be.
 */
export function spanOf(by: ReportPeriod, { from, to }: Asked, now: Date, zone: string): DaySpan {
  const today = dayOf(now, zone);
  const last = to ?? (from !== undefined && from > today ? from : today);
  const first = from ?? daysBefore(last, REPORTED[by].days - 1);
  const days = daysBetween(first, last) + 1;
  const fault = (pointer: string, code: string, detail: string) =>
    invalidRequest({ what: detail }, { errors: [{ pointer, code, detail }] });
  if (days < 1) throw fault("/query/to", "ends_before_it_begins", "The last day lies before the first.");
  const { most } = REPORTED[by];
  if (days > most)
    throw fault("/query/from", "span_too_long", `Sums by ${by} take at most ${most} days at once; these are ${days}.`);
  return { from: first, to: last };
}
