import type { ResetPeriod } from "../licensing/terms.ts";
import { dateAfter, dateIn, startOfDate } from "../time.ts";

/** A stretch of a calendar in which use is counted together. */
export type Period = {
  /** the day it begins on by the tenant's calendar; empty for one without end. Stays the same when the tenant moves to another zone */
  name: string;
  /** of a period that never ends: when 1970 began */
  startsAt: Date;
  /** exclusive; null = never */
  endsAt: Date | null;
};

const ENDLESS: Period = { name: "", startsAt: new Date(0), endsAt: null };

/** The period that an instant lies in, by the calendar of `zone`: each instant lies in exactly one. Throws RangeError on an unknown zone. */
export function periodOf(reset: ResetPeriod, at: Date, zone: string): Period {
  if (reset === "never") return ENDLESS;
  const found = periodNamed(reset, firstDay(reset, dateIn(at, zone)), zone);
  // a clock that is set back over midnight lives through a part of yesterday again: that part is today's
  return found.endsAt !== null && found.endsAt <= at ? periodAfter(reset, found, zone) : found;
}

/** The period before; null where there is none. */
export function periodBefore(reset: ResetPeriod, { name }: Pick<Period, "name">, zone: string): Period | null {
  return reset === "never" ? null : periodNamed(reset, dateAfter(name, reset, -1), zone);
}

/** The day of the calendar that use of an instant is noted under: the same as the daily period's. */
export function dayOf(at: Date, zone: string): string {
  return periodOf("day", at, zone).name;
}

/** The period after. */
export function periodAfter(reset: Exclude<ResetPeriod, "never">, { name }: Period, zone: string): Period {
  return periodNamed(reset, dateAfter(name, reset, 1), zone);
}

function periodNamed(reset: Exclude<ResetPeriod, "never">, name: string, zone: string): Period {
  return { name, startsAt: startOfDate(name, zone), endsAt: startOfDate(dateAfter(name, reset, 1), zone) };
}

function firstDay(reset: Exclude<ResetPeriod, "never">, day: string): string {
  if (reset === "day") return day;
  return reset === "month" ? `${day.slice(0, -3)}-01` : `${day.slice(0, -6)}-01-01`;
}
