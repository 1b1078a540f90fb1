/**
 * ISO 8601 texts, read and written: instants and durations.
 * No library: the offline verifier bundles what stands here. Calendar arithmetic is in `time.ts`.
 */

/** The units of a duration, all whole and not negative. */
export type DurationParts = {
  years: number;
  months: number;
  weeks: number;
  days: number;
  hours: number;
  minutes: number;
  seconds: number;
};

/** No duration may be longer than this: a limit keeps every sum of instant and duration inside the calendar. */
export const MAX_DURATION_YEARS = 100;

/** The last instant that the wire can write, in milliseconds since 1970. */
export const LATEST_MS = Date.parse("9999-12-31T23:59:59.999Z");

/** Writes an instant as the wire wants it: UTC with milliseconds, `2026-03-01T12:00:00.000Z`. Throws RangeError on an invalid date. */
export function isoInstant(at: Date): string {
  return at.toISOString();
}

/**
 * Reads an instant (RFC 3339): a full date and time with seconds, at most milliseconds, and `Z` or an offset.
 * Null for anything else: dates that do not exist, leap seconds, years outside 1970 to 9999.
 */
export function parseInstant(text: string): Date | null {
  const match = /^(\d{4}-\d\d-\d\d)T((\d\d):(\d\d):(\d\d))(\.\d{1,3})?(Z|([+-])(\d\d):(\d\d))$/.exec(text);
  if (!match) return null;
  const [, date, time, hour, minute, second, fraction = "", , sign, offsetHour = "0", offsetMinute = "0"] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;

  const wall = new Date(`${date}T${time}${(fraction || ".").padEnd(4, "0")}Z`);
  // the platform rolls 30 February over to 2 March: a date that does not come back as it was written does not exist
  if (Number.isNaN(wall.getTime()) || wall.toISOString().slice(0, 10) !== date) return null;

  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000;
  const at = wall.getTime() - (sign === "-" ? -offsetMs : offsetMs);
  return at >= 0 && at <= LATEST_MS ? new Date(at) : null;
}

/**
 * Reads a duration: `P1Y`, `P30D`, `PT1H`, `P1M2W`. Whole, not negative, at least one unit, at most a hundred years.
 * Zero (`P0D`) is a duration; where it makes no sense ask `isPositiveDuration`. Null for anything else.
 */
export function parseDuration(text: string): DurationParts | null {
  const match =
    /^P(?=[\dT])(?:(\d{1,10})Y)?(?:(\d{1,10})M)?(?:(\d{1,10})W)?(?:(\d{1,10})D)?(?:T(?=\d)(?:(\d{1,10})H)?(?:(\d{1,10})M)?(?:(\d{1,10})S)?)?$/.exec(
      text,
    );
  if (!match) return null;
  const [years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((unit) => Number(unit ?? 0));
  const parts = { years, months, weeks, days, hours, minutes, seconds };
  return roughDays(parts) <= MAX_DURATION_YEARS * 366 ? parts : null;
}

/** Whether the text is a duration longer than nothing. */
export function isPositiveDuration(text: string): boolean {
  const parts = parseDuration(text);
  return parts !== null && Object.values(parts).some((unit) => unit > 0);
}

/**
 * One spelling for one duration: no zero units, no leading zeros, zero itself is `P0D`; null where the text is no duration.
 * Units stay as written (`P12M` does not become `P1Y`): who wrote them reads them again.
 */
export function canonicalDuration(text: string): string | null {
  const parts = parseDuration(text);
  if (!parts) return null;
  const unit = (n: number, letter: string) => (n > 0 ? `${n}${letter}` : "");
  const date = unit(parts.years, "Y") + unit(parts.months, "M") + unit(parts.weeks, "W") + unit(parts.days, "D");
  const time = unit(parts.hours, "H") + unit(parts.minutes, "M") + unit(parts.seconds, "S");
  if (date === "" && time === "") return "P0D";
  return `P${date}${time === "" ? "" : `T${time}`}`;
}

/** An upper bound in days, for the limit only: no calendar, a year has 366 days and a month 30.5. */
function roughDays(parts: DurationParts): number {
  const time = parts.hours / 24 + parts.minutes / 1_440 + parts.seconds / 86_400;
  return parts.years * 366 + parts.months * 30.5 + parts.weeks * 7 + parts.days + time;
}
