import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { dayOf, periodAfter, periodBefore, periodOf } from "#rules/entitlements/periods";

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/St_Johns", // set its clocks back at one minute past midnight, into the day before
  "America/Havana", // lives through the first hour of a day twice
  "America/Sao_Paulo", // days that began at one o'clock
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia", // had no 30 December 2011
  "Pacific/Kiritimati",
];
const zones = fc.constantFrom(...ZONES);
const instants = fc.date({ min: new Date("1995-01-01"), max: new Date("2060-01-01"), noInvalidDate: true });
const resets = fc.constantFrom("day", "month", "year");
const at = (text: string) => new Date(text);

/** The date in a zone as the platform's own calendar tells it. */
const dateOf = (instant: Date, zone: string) =>
  new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" }).format(instant);

describe("a period", () => {
  test.prop([instants, zones, resets], { numRuns: 2000 })(
    "holds its instant, and meets its neighbours without a gap",
    (now, zone, reset) => {
      const period = periodOf(reset, now, zone);
      expect(period.startsAt <= now && now < (period.endsAt ?? 0)).toBe(true);
      expect(periodAfter(reset, period, zone).startsAt).toEqual(period.endsAt);
      expect(periodBefore(reset, period, zone)?.endsAt).toEqual(period.startsAt);
      // every instant in it lies in the same one
      for (const part of [0, 0.5, 0.999_999]) {
        const length = (period.endsAt?.getTime() ?? 0) - period.startsAt.getTime();
        expect(periodOf(reset, new Date(period.startsAt.getTime() + Math.floor(part * length)), zone).name).toBe(period.name);
      }
    },
  );

  test.prop([instants, zones], { numRuns: 1000 })("begins where the zone's calendar turns the page", (now, zone) => {
    for (const [reset, length] of [
      ["day", 10],
      ["month", 7],
      ["year", 4],
    ] as const) {
      const { startsAt, name } = periodOf(reset, now, zone);
      const page = (instant: Date) => dateOf(instant, zone).slice(0, length);
      expect(page(startsAt)).toBe(name.slice(0, length));
      expect(page(new Date(startsAt.getTime() - 1)) < page(startsAt)).toBe(true);
    }
  });

  test.each([
    ["month", "2026-03-31T22:30:00Z", "Europe/Berlin", "2026-03-31T22:00:00.000Z", "2026-04-30T22:00:00.000Z"],
    ["day", "2026-03-29T12:00:00Z", "Europe/Berlin", "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"],
    ["day", "2026-10-25T12:00:00Z", "Europe/Berlin", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"],
    ["day", "2026-04-04T20:00:00Z", "Australia/Lord_Howe", "2026-04-04T13:00:00.000Z", "2026-04-05T13:30:00.000Z"],
    ["month", "2026-02-28T18:14:59Z", "Asia/Kathmandu", "2026-01-31T18:15:00.000Z", "2026-02-28T18:15:00.000Z"],
    ["year", "2026-12-31T09:59:59Z", "Pacific/Kiritimati", "2025-12-31T10:00:00.000Z", "2026-12-31T10:00:00.000Z"],
    ["day", "2011-12-30T09:59:59Z", "Pacific/Apia", "2011-12-29T10:00:00.000Z", "2011-12-30T10:00:00.000Z"],
    ["month", "2028-02-29T12:00:00Z", "UTC", "2028-02-01T00:00:00.000Z", "2028-03-01T00:00:00.000Z"],
  ] as const)("%s of %s in %s", (reset, now, zone, startsAt, endsAt) => {
    expect(periodOf(reset, at(now), zone)).toMatchObject({ startsAt: at(startsAt), endsAt: at(endsAt) });
  });

  test("minutes that are lived through again belong to the day that had begun already", () => {
    // at 00:01 of 7 November 2010 the clocks of St. John's went back to 23:01 of the 6th
    const [before, again] = [at("2010-11-07T02:30:30Z"), at("2010-11-07T02:45:00Z")];
    expect(dateOf(again, "America/St_Johns")).toBe("2010-11-06");
    expect([dayOf(before, "America/St_Johns"), dayOf(again, "America/St_Johns")]).toEqual(["2010-11-07", "2010-11-07"]);
  });

  test("one that never starts again has begun with 1970 and has no neighbour", () => {
    expect(periodOf("never", at("2026-01-01T00:00:00Z"), "UTC")).toEqual({ name: "", startsAt: new Date(0), endsAt: null });
    expect(periodBefore("never", { name: "" }, "UTC")).toBeNull();
  });
});
