// the `/implementation` entry never falls back to the platform's own Temporal, whose clock and zones are not to be trusted on workers
import { Temporal as civil } from "temporal-polyfill/implementation";
import { LATEST_MS, parseDuration } from "./iso.ts";

export {
  type DurationParts,
  MAX_DURATION_YEARS,
  canonicalDuration,
  isPositiveDuration,
  isoInstant,
  parseDuration,
  parseInstant,
} from "./iso.ts";

/**
 * The instant that lies `duration` (ISO 8601) after `instant`, by the calendar of `zone` (IANA name).
 *
 * Years, months, weeks and days move the wall clock, so a day may have 23 or 25 hours; hours, minutes and seconds are exact.
 * A month without the day takes its last: 31 January + `P1M` = 28 or 29 February. With `anchorDay` (1 to 31) the day of the
 * first period returns where the month has it: 28 February + `P1M`, anchor 31 = 31 March. The anchor acts on years and months only.
 * What would lie after the year 9999 is its last instant: the wire has no later one.
 * Throws RangeError on a duration, zone or anchor that is none.
 */
export function addDuration(instant: Date, duration: string, zone = "UTC", anchorDay?: number): Date {
  const parts = parseDuration(duration);
  if (!parts) throw new RangeError(`Not a duration: ${duration}`);
  if (!isTimeZone(zone)) throw new RangeError(`Not a time zone: ${zone}`);
  if (anchorDay !== undefined && !(Number.isInteger(anchorDay) && anchorDay >= 1 && anchorDay <= 31))
    throw new RangeError(`Not a day of a month: ${anchorDay}`);

  const { years, months, weeks, days, hours, minutes, seconds } = parts;
  const start = zoned(instant, zone);
  let end = start;
  // without a date part the wall clock is not asked at all: in the hour that happens twice it could not tell which one is meant
  if (years + months + weeks + days > 0) {
    let date = start.toPlainDate().add({ years, months });
    if (anchorDay !== undefined && years + months > 0) date = date.with({ day: Math.min(anchorDay, date.daysInMonth) });
    end = date.add({ weeks, days }).toZonedDateTime({ timeZone: zone, plainTime: start.toPlainTime() });
  }
  return new Date(Math.min(end.add({ hours, minutes, seconds }).epochMilliseconds, LATEST_MS));
}

/** What calendars count in, from a day up. */
export const CALENDAR_UNITS = ["day", "week", "month", "year"] as const;
export type CalendarUnit = (typeof CALENDAR_UNITS)[number];

/**
 * The instant `steps` calendar units after `anchor` (before it where negative) by the wall clock of `zone`. Counted from the anchor in one go,
 * a short month never moves those behind it: 31 January, 28 February, 31 March; 29 February returns with the next leap year.
 * A time that the clocks skip on that day comes after the gap, of one that happens twice it is the first. No steps leave the instant itself.
 * What would lie after the year 9999 is its last instant. Throws RangeError on an unknown zone or steps that are not whole.
 */
export function stepFrom(anchor: Date, unit: CalendarUnit, steps: number, zone: string): Date {
  if (!isTimeZone(zone)) throw new RangeError(`Not a time zone: ${zone}`);
  if (!Number.isSafeInteger(steps)) throw new RangeError(`Not a number of steps: ${steps}`);
  if (steps === 0) return new Date(anchor);
  // the library's calendar ends: so many steps are beyond the year 9999 whatever the unit
  if (steps > 3_660_000) return new Date(LATEST_MS);
  const start = zoned(anchor, zone);
  const date = start.toPlainDate().add({ [`${unit}s`]: steps });
  if (date.year > 9999) return new Date(LATEST_MS);
  const there = date.toZonedDateTime({ timeZone: zone, plainTime: start.toPlainTime() });
  return new Date(Math.min(there.epochMilliseconds, LATEST_MS));
}

/**
 * The end of the day (exclusive) that `instant` lies in, by the calendar of `zone`: the next instant at which a local day begins.
 * An instant that is such a border already stays: what ends there ends with the day before. Throws RangeError on an unknown zone.
 */
export function endOfDay(instant: Date, zone = "UTC"): Date {
  if (!isTimeZone(zone)) throw new RangeError(`Not a time zone: ${zone}`);
  const at = zoned(instant, zone);
  const begin = at.startOfDay();
  if (begin.epochMilliseconds === instant.getTime()) return new Date(instant);
  return new Date(Math.min(begin.toPlainDate().add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds, LATEST_MS));
}

/** The day that an instant lies in by the calendar of `zone`, `YYYY-MM-DD`. Throws RangeError on an unknown zone. */
export function dateIn(instant: Date, zone: string): string {
  if (!isTimeZone(zone)) throw new RangeError(`Not a time zone: ${zone}`);
  return zoned(instant, zone).toPlainDate().toString();
}

/** The first instant of a day (`YYYY-MM-DD`) in `zone`. A day that the zone leaped over begins, and ends, where the next one begins. */
export function startOfDate(date: string, zone: string): Date {
  return new Date(Math.min(civil.PlainDate.from(date).toZonedDateTime(zone).epochMilliseconds, LATEST_MS));
}

/** The day that lies `count` days, months or years after the first of a period: `date` must be one that every such period has. */
export function dateAfter(date: string, unit: "day" | "month" | "year", count: number): string {
  return civil.PlainDate.from(date)
    .add({ [`${unit}s`]: count })
    .toString();
}

/** The day of the month (1 to 31) on which `instant` falls in `zone`: the anchor of the periods that begin there. */
export function dayOfMonth(instant: Date, zone = "UTC"): number {
  return zoned(instant, zone).day;
}

/** Whether the text is the name of a time zone (IANA, `Europe/Berlin`, `UTC`); offsets such as `+02:00` are none. */
export function isTimeZone(text: string): boolean {
  // the library would also find a zone inside a longer text ("2026-01-01[Europe/Berlin]")
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]{1,63}$/.test(text)) return false;
  try {
    civil.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text);
    return true;
  } catch {
    return false;
  }
}

function zoned(instant: Date, zone: string) {
  return civil.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(zone);
}
