import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { addDuration, dayOfMonth, endOfDay, isTimeZone } from "#rules/time";

const DAY_MS = 86_400_000;
const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kolkata",
  "Pacific/Apia",
  "Australia/Lord_Howe",
  "America/Sao_Paulo",
];
const zones = fc.constantFrom(...ZONES);
const instants = fc.date({ min: new Date("1990-01-01"), max: new Date("2090-01-01"), noInvalidDate: true });
const at = (text: string) => new Date(text);

/** The wall clock of a zone as the platform's own calendar tells it: an authority apart from the library in use. */
function wallClock(instant: Date, zone: string): string {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  }).formatToParts(instant);
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? "";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")}:${part("second")}`;
}

/** Whether some instant shows this wall clock: looked for, a quarter of an hour at a time, around the same time of UTC. */
function existsIn(zone: string, wanted: string): boolean {
  const near = Date.parse(`${wanted.replace(" ", "T")}Z`);
  for (let quarters = -15 * 4; quarters <= 15 * 4; quarters++)
    if (wallClock(new Date(near + quarters * 900_000), zone) === wanted) return true;
  return false;
}

describe("adding a duration", () => {
  test("nothing ends after the year 9999, which the wire cannot write", () => {
    const last = at("9999-12-31T23:59:59.999Z");
    expect(addDuration(at("9999-12-31T00:00:00Z"), "P100Y")).toEqual(last);
    expect(addDuration(at("9999-12-31T23:59:59Z"), "PT1H", "Asia/Kolkata")).toEqual(last);
    expect(endOfDay(at("9999-12-31T23:59:59Z"), "America/New_York")).toEqual(last);
  });

  test.prop([instants, fc.nat(10_000)])("in UTC days and hours are plain arithmetic", (start, n) => {
    expect(addDuration(start, `P${n}D`).getTime()).toBe(start.getTime() + n * DAY_MS);
    expect(addDuration(start, `PT${n}H`).getTime()).toBe(start.getTime() + n * 3_600_000);
  });

  test.prop([instants, zones, fc.nat(5000)])("hours, minutes and seconds are exact in every zone", (start, zone, n) => {
    expect(addDuration(start, `PT${n}H${n}M${n}S`, zone).getTime()).toBe(start.getTime() + n * 3_661_000);
  });

  test.prop([instants, zones])("no time at all leaves the instant, even in the hour that happens twice", (start, zone) => {
    expect(addDuration(start, "P0D", zone)).toEqual(start);
  });

  test.prop([instants, zones, fc.integer({ min: 1, max: 400 })])(
    "days keep the wall clock, or move it out of a gap",
    (start, zone, n) => {
      const [date, time] = wallClock(start, zone).split(" ");
      const wanted = `${new Date(Date.parse(`${date}T00:00:00Z`) + n * DAY_MS).toISOString().slice(0, 10)} ${time}`;
      const end = wallClock(addDuration(start, `P${n}D`, zone), zone);
      // a wall clock that the zone leaves out is moved on by the length of the gap: half an hour, an hour, in Samoa once a day
      const gapMs = Date.parse(`${end.replace(" ", "T")}Z`) - Date.parse(`${wanted.replace(" ", "T")}Z`);
      expect([0, 1_800_000, 3_600_000, DAY_MS]).toContain(gapMs);
      if (gapMs > 0) expect(existsIn(zone, wanted)).toBe(false);
    },
  );

  test.prop([instants, zones, fc.integer({ min: 1, max: 60 })])("more of the same ends later", (start, zone, n) => {
    expect(addDuration(start, `P${n + 1}M`, zone) > addDuration(start, `P${n}M`, zone)).toBe(true);
  });

  test.prop([instants, fc.integer({ min: 1, max: 240 })])(
    "periods with their anchor end where one long period ends",
    (start, months) => {
      const anchor = dayOfMonth(start);
      let end = start;
      for (let month = 0; month < months; month++) end = addDuration(end, "P1M", "UTC", anchor);
      expect(end).toEqual(addDuration(start, `P${months}M`));
    },
  );

  test("the anchor day returns after a short month", () => {
    const ends: string[] = [];
    for (let end = at("2026-01-31T10:00:00Z"), n = 0; n < 4; n++) {
      end = addDuration(end, "P1M", "UTC", 31);
      ends.push(end.toISOString());
    }
    expect(ends).toEqual([
      "2026-02-28T10:00:00.000Z",
      "2026-03-31T10:00:00.000Z",
      "2026-04-30T10:00:00.000Z",
      "2026-05-31T10:00:00.000Z",
    ]);
  });

  test.each([
    ["without its anchor the short month wins", "2026-02-28T10:00:00Z", "P1M", "UTC", undefined, "2026-03-28T10:00:00.000Z"],
    ["29 February returns in the next leap year", "2025-02-28T00:00:00Z", "P3Y", "UTC", 29, "2028-02-29T00:00:00.000Z"],
    ["29 February has no twin in other years", "2024-02-29T00:00:00Z", "P1Y", "UTC", undefined, "2025-02-28T00:00:00.000Z"],
    ["the anchor does not act on days", "2026-01-15T00:00:00Z", "P30D", "UTC", 31, "2026-02-14T00:00:00.000Z"],
    ["weeks are seven days", "2026-01-15T00:00:00Z", "P2W", "UTC", undefined, "2026-01-29T00:00:00.000Z"],
    [
      "the first of two equal hours stays the first",
      "2026-10-25T00:30:00Z",
      "PT0S",
      "Europe/Berlin",
      undefined,
      "2026-10-25T00:30:00.000Z",
    ],
    [
      "the second of two equal hours stays the second",
      "2026-10-25T01:30:00Z",
      "P0D",
      "Europe/Berlin",
      undefined,
      "2026-10-25T01:30:00.000Z",
    ],
    ["months come before days", "2026-01-31T00:00:00Z", "P1M1D", "UTC", 31, "2026-03-01T00:00:00.000Z"],
    ["a day in spring has 23 hours", "2026-03-28T12:00:00Z", "P1D", "Europe/Berlin", undefined, "2026-03-29T11:00:00.000Z"],
    ["a day in autumn has 25 hours", "2026-10-24T12:00:00Z", "P1D", "Europe/Berlin", undefined, "2026-10-25T13:00:00.000Z"],
    ["a time in the gap moves on", "2026-03-28T01:30:00Z", "P1D", "Europe/Berlin", undefined, "2026-03-29T01:30:00.000Z"],
    ["the anchor is a day of the zone", "2026-01-30T23:30:00Z", "P1M", "Europe/Berlin", 31, "2026-02-27T23:30:00.000Z"],
  ])("%s", (_, start, duration, zone, anchor, end) => {
    expect(addDuration(at(start), duration, zone, anchor).toISOString()).toBe(end);
  });

  test("what is no duration, zone or anchor is refused", () => {
    expect(() => addDuration(at("2026-01-01T00:00:00Z"), "1 year")).toThrow(RangeError);
    expect(() => addDuration(at("2026-01-01T00:00:00Z"), "P1D", "Mars/Olympus")).toThrow(RangeError);
    expect(() => addDuration(at("2026-01-01T00:00:00Z"), "P1M", "UTC", 32)).toThrow(RangeError);
    expect(() => addDuration(at("2026-01-01T00:00:00Z"), "P1M", "UTC", 1.5)).toThrow(RangeError);
    expect(() => endOfDay(at("2026-01-01T00:00:00Z"), "Mars/Olympus")).toThrow(RangeError);
  });
});

describe("the end of a day", () => {
  test.prop([instants, zones])("is a border of local days, not before the instant, and at most a day away", (instant, zone) => {
    const end = endOfDay(instant, zone);
    expect(end >= instant).toBe(true);
    expect(end.getTime() - instant.getTime()).toBeLessThanOrEqual(25 * 3_600_000);
    const before = wallClock(new Date(end.getTime() - 1), zone).slice(0, 10);
    expect(before < wallClock(end, zone).slice(0, 10)).toBe(true);
    if (end > instant) expect(wallClock(instant, zone).slice(0, 10)).toBe(before);
    expect(endOfDay(end, zone)).toEqual(end);
  });

  test.each([
    ["2026-05-01T13:00:00Z", "UTC", "2026-05-02T00:00:00.000Z"],
    ["2026-05-02T00:00:00Z", "UTC", "2026-05-02T00:00:00.000Z"],
    ["2026-05-01T13:00:00Z", "Europe/Berlin", "2026-05-01T22:00:00.000Z"],
    ["2026-05-01T23:00:00Z", "Europe/Berlin", "2026-05-02T22:00:00.000Z"],
    // clocks were put on at midnight: the day began at one o'clock
    ["2018-11-03T12:00:00Z", "America/Sao_Paulo", "2018-11-04T03:00:00.000Z"],
  ])("of %s in %s is %s", (instant, zone, end) => {
    expect(endOfDay(at(instant), zone).toISOString()).toBe(end);
  });
});

test.each([
  ["UTC", true],
  ["Europe/Berlin", true],
  ["Etc/GMT+1", true],
  ["America/Argentina/Buenos_Aires", true],
  ["+02:00", false],
  ["Mars/Olympus", false],
  ["2026-01-01[Europe/Berlin]", false],
  ["2026-01-01T00:00+01:00[Europe/Berlin]", false],
  ["", false],
])("%j names a time zone: %s", (text, is) => {
  expect(isTimeZone(text)).toBe(is);
});

test("the day of the month is the zone's", () => {
  expect(dayOfMonth(at("2026-01-31T23:30:00Z"))).toBe(31);
  expect(dayOfMonth(at("2026-01-31T23:30:00Z"), "Europe/Berlin")).toBe(1);
});
