import { LATEST_MS } from "../iso.ts";
import { addDuration, CALENDAR_UNITS, stepFrom } from "../time.ts";

/** What a price is charged for again and again. */
export const BILLING_INTERVALS = CALENDAR_UNITS;
export type BillingInterval = (typeof BILLING_INTERVALS)[number];

/** From where and in which steps periods are counted: `count` intervals each, by the wall clock of `zone` (IANA). */
export type BillingCycle = { anchorAt: Date; zone: string; interval: BillingInterval; count: number };

/** A stretch of time: it begins at `startsAt` and ends before `endsAt`. */
export type Span = { startsAt: Date; endsAt: Date };

/** The `index`-th period of a cycle; the one that begins at the anchor has 0, those before it are negative. */
export type BillingPeriod = Span & { index: number };

/** How long an interval lasts on average (400 years have 146,097 days): only a guess at where to look. */
const AVERAGE_MS: Record<BillingInterval, number> = {
  day: 86_400_000,
  week: 604_800_000,
  month: 2_629_746_000,
  year: 31_556_952_000,
};

/**
 * The `k`-th period of a cycle. Each border is computed from the anchor, never from the border before: 31 January, 28 February, 31 March.
 * Where a period ends the next begins, over month ends, leap days and changes of the clocks. A day that a zone leaped over (Samoa had no
 * 30 December 2011) is an empty period: no instant lies in it and nothing is owed for it.
 * Throws RangeError on a zone, count or index that is none.
 */
export function periodAt(cycle: BillingCycle, k: number): BillingPeriod {
  const { anchorAt, zone, interval, count } = cycle;
  if (!Number.isSafeInteger(count) || count < 1) throw new RangeError(`Not a number of intervals: ${count}`);
  const border = (index: number) => stepFrom(anchorAt, interval, index * count, zone);
  return { index: k, startsAt: border(k), endsAt: border(k + 1) };
}

/** The period that an instant lies in: each instant lies in exactly one. Throws RangeError on one after the year 9999. */
export function periodOf(cycle: BillingCycle, instant: Date): BillingPeriod {
  if (instant.getTime() >= LATEST_MS) throw new RangeError(`No period ends after ${instant.toISOString()}`);
  const length = AVERAGE_MS[cycle.interval] * cycle.count;
  let period = periodAt(cycle, Math.floor((instant.getTime() - cycle.anchorAt.getTime()) / length));
  while (instant < period.startsAt) period = periodAt(cycle, period.index - 1);
  while (instant >= period.endsAt) period = periodAt(cycle, period.index + 1);
  return period;
}

/**
 * The first period of what begins at `startsAt`: until the cycle's next border. Where that is a border itself the period is whole, else it is
 * the rest of `whole`, and costs as much of its price as it is of its time.
 */
export function firstPeriod(cycle: BillingCycle, startsAt: Date): BillingPeriod & { whole: Span } {
  const { index, ...whole } = periodOf(cycle, startsAt);
  return { index, startsAt: new Date(startsAt), endsAt: whole.endsAt, whole };
}

/** A trial of `duration` (ISO 8601). The paid periods are anchored where it ends, by the same wall clock. Throws RangeError on a duration or zone that is none. */
export function trialPeriod(startsAt: Date, duration: string, zone: string): Span {
  return { startsAt: new Date(startsAt), endsAt: addDuration(startsAt, duration, zone) };
}

/**
 * What becomes of a running period when its cycle changes at `at` (another interval, or a new anchor): it ends there, and the first period of
 * the new cycle begins there. `cut` is what was used of the old one. An instant outside of the period is taken to its nearer border.
 */
export function changeCycle(current: Span, at: Date, next: BillingCycle): { cut: Span; first: BillingPeriod & { whole: Span } } {
  const border = within(current, at);
  return { cut: { startsAt: current.startsAt, endsAt: border }, first: firstPeriod(next, border) };
}

/** The instant itself, or the nearer end of the span where it lies outside. */
export function within(span: Span, at: Date): Date {
  return new Date(Math.min(Math.max(at.getTime(), span.startsAt.getTime()), span.endsAt.getTime()));
}

/** The second that an instant lies in: what is billed begins and ends with whole seconds, as providers count. */
export function wholeSecond(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 1000) * 1000);
}
