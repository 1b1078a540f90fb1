import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { BILLING_INTERVALS, changeCycle, firstPeriod, periodAt, periodOf, trialPeriod } from "#rules/billing/periods";
import { stepFrom } from "#rules/time";
import { ZONES, clockChanges } from "./zones.ts";

const at = (text: string) => new Date(text);
const instants = fc.date({ min: at("1995-01-01"), max: at("2060-01-01"), noInvalidDate: true });
const cycles = fc.record({
  anchorAt: instants,
  zone: fc.constantFrom(...ZONES),
  interval: fc.constantFrom(...BILLING_INTERVALS),
  count: fc.integer({ min: 1, max: 36 }),
});

/** Date and time of a zone as the platform's own calendar tells it. */
function wallClock(instant: Date, zone: string): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }).format(instant);
}

describe("the periods of a cycle", () => {
  test.prop([cycles, fc.integer({ min: -50, max: 400 })], { numRuns: 300 })(
    "tile time: where one ends the next begins",
    (cycle, k) => {
      const period = periodAt(cycle, k);
      expect(period.startsAt <= period.endsAt).toBe(true);
      expect(periodAt(cycle, k + 1).startsAt).toEqual(period.endsAt);
      expect(periodAt(cycle, k - 1).endsAt).toEqual(period.startsAt);
      expect(periodAt(cycle, 0).startsAt).toEqual(cycle.anchorAt);
    },
  );

  test.prop([cycles, instants], { numRuns: 300 })("hold each instant in exactly one of them", (cycle, instant) => {
    const period = periodOf(cycle, instant);
    expect(period.startsAt <= instant && instant < period.endsAt).toBe(true);
    expect(periodAt(cycle, period.index)).toEqual(period);
    expect(periodOf(cycle, period.startsAt)).toEqual(period);
    expect(periodOf(cycle, new Date(period.endsAt.getTime() - 1))).toEqual(period);
  });

  test.prop([cycles, fc.integer({ min: 1, max: 200 })], { numRuns: 300 })(
    "return to the anchor's day in every month that has it, else to its last day",
    (cycle, k) => {
      fc.pre(cycle.interval === "month" || cycle.interval === "year");
      const wall = wallClock(cycle.anchorAt, cycle.zone);
      const [year = 0, month = 0, day = 0] = wall.slice(0, 10).split("-").map(Number);
      const months = month - 1 + k * cycle.count * (cycle.interval === "year" ? 12 : 1);
      const last = new Date(Date.UTC(year, months + 1, 0)).getUTCDate();
      const date = new Date(Date.UTC(year, months, Math.min(day, last))).toISOString().slice(0, 10);
      const found = wallClock(periodAt(cycle, k).startsAt, cycle.zone);
      // where the clocks skip that time, it comes after the gap: the same day, or the next one at the date line and at midnight
      if (found.slice(11) === wall.slice(11)) expect(found.slice(0, 10)).toBe(date);
      else expect(found > `${date} ${wall.slice(11)}`).toBe(true);
    },
  );

  test("a period that is counted from the last one drifts, one from the anchor does not", () => {
    const starts = (anchor: string, interval: "month" | "year", count = 1, zone = "UTC") =>
      [1, 2, 3, 4].map((k) =>
        periodAt({ anchorAt: at(anchor), zone, interval, count }, k)
          .startsAt.toISOString()
          .slice(0, 10),
      );
    expect(starts("2026-01-31T10:00:00Z", "month")).toEqual(["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]);
    expect(starts("2027-12-31T10:00:00Z", "month")).toEqual(["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]);
    expect(starts("2024-02-29T10:00:00Z", "year")).toEqual(["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]);
    expect(starts("2025-11-30T10:00:00Z", "month", 3)).toEqual(["2026-02-28", "2026-05-30", "2026-08-30", "2026-11-30"]);
  });

  test.each([
    ["a day in spring has 23 hours", "2026-03-28T12:00:00Z", "Europe/Berlin", "day", 1, 23],
    ["a day in autumn has 25 hours", "2026-10-24T12:00:00Z", "Europe/Berlin", "day", 1, 25],
    ["a week over half an hour's change", "2026-04-01T00:00:00Z", "Australia/Lord_Howe", "week", 1, 168.5],
    ["a day over two hours' change", "2026-03-28T12:00:00Z", "Antarctica/Troll", "day", 1, 22],
    ["February", "2026-01-31T00:00:00Z", "UTC", "month", 1, 28 * 24],
    ["a leap year's February", "2028-01-31T00:00:00Z", "UTC", "month", 1, 29 * 24],
    ["a leap year", "2028-01-01T00:00:00Z", "UTC", "year", 1, 366 * 24],
    ["two weeks", "2026-01-01T00:00:00Z", "UTC", "week", 2, 14 * 24],
  ] as const)("%s", (_, anchorAt, zone, interval, count, hours) => {
    const { startsAt, endsAt } = periodAt({ anchorAt: at(anchorAt), zone, interval, count }, 0);
    expect((endsAt.getTime() - startsAt.getTime()) / 3_600_000).toBe(hours);
  });

  test("keep the wall clock over every change of the clocks, and begin after a gap", () => {
    for (const zone of ZONES) {
      for (const change of clockChanges(zone, at("2018-01-01"), at("2028-01-01"))) {
        const cycle = { anchorAt: new Date(change.getTime() - 86_400_000), zone, interval: "day", count: 1 } as const;
        const day = periodAt(cycle, 1);
        const after = periodAt(cycle, 2);
        expect(day.startsAt).toEqual(periodAt(cycle, 0).endsAt);
        expect(after.startsAt).toEqual(day.endsAt);
        // the day after the change shows the same time as the day before it
        expect(wallClock(after.startsAt, zone).slice(11)).toBe(wallClock(cycle.anchorAt, zone).slice(11));
        expect(Math.abs(day.startsAt.getTime() - change.getTime())).toBeLessThanOrEqual(2 * 3_600_000);
      }
    }
  });

  test("a day that the zone leaped over is an empty period, in which no instant lies", () => {
    const cycle = { anchorAt: at("2011-12-28T20:00:00Z"), zone: "Pacific/Apia", interval: "day", count: 1 } as const;
    const [, , leaped, next] = [0, 1, 2, 3].map((k) => periodAt(cycle, k));
    expect(leaped?.startsAt).toEqual(leaped?.endsAt);
    expect(periodOf(cycle, leaped?.startsAt ?? at("2000-01-01"))).toEqual(next);
  });

  test("nothing ends after the year 9999, and what is no cycle is refused", () => {
    const cycle = { anchorAt: at("9999-12-15T00:00:00Z"), zone: "UTC", interval: "month", count: 1 } as const;
    const last = at("9999-12-31T23:59:59.999Z");
    expect(periodAt(cycle, 0).endsAt).toEqual(last);
    expect(periodAt(cycle, 1_000_000_000)).toMatchObject({ startsAt: last, endsAt: last });
    expect(periodOf(cycle, at("9999-12-31T23:59:59.998Z")).index).toBe(0);
    expect(() => periodOf(cycle, last)).toThrow(RangeError);
    expect(() => periodAt({ ...cycle, count: 0 }, 1)).toThrow(RangeError);
    expect(() => periodAt({ ...cycle, count: 1.5 }, 1)).toThrow(RangeError);
    expect(() => periodAt({ ...cycle, zone: "Mars/Olympus" }, 1)).toThrow(RangeError);
    expect(() => stepFrom(cycle.anchorAt, "day", 0.5, "UTC")).toThrow(RangeError);
  });
});

describe("where periods begin", () => {
  test("with an anchor ahead the first one is the rest of a whole", () => {
    const cycle = { anchorAt: at("2026-03-01T00:00:00Z"), zone: "UTC", interval: "month", count: 1 } as const;
    expect(firstPeriod(cycle, at("2026-02-15T00:00:00Z"))).toEqual({
      index: -1,
      startsAt: at("2026-02-15T00:00:00Z"),
      endsAt: at("2026-03-01T00:00:00Z"),
      whole: { startsAt: at("2026-02-01T00:00:00Z"), endsAt: at("2026-03-01T00:00:00Z") },
    });
    const whole = firstPeriod(cycle, at("2026-03-01T00:00:00Z"));
    expect(whole).toMatchObject({ index: 0, whole: { startsAt: whole.startsAt, endsAt: whole.endsAt } });
  });

  test("a trial ends by the wall clock, and the paid periods begin there", () => {
    const trial = trialPeriod(at("2026-03-20T12:00:00Z"), "P14D", "Europe/Berlin");
    expect(trial.endsAt).toEqual(at("2026-04-03T11:00:00Z"));
    const cycle = { anchorAt: trial.endsAt, zone: "Europe/Berlin", interval: "month", count: 1 } as const;
    expect(periodOf(cycle, trial.endsAt)).toMatchObject({ index: 0, startsAt: trial.endsAt });
  });

  test.prop([cycles, cycles, instants, instants], { numRuns: 300 })(
    "a change of the cycle leaves no gap and no overlap",
    (cycle, next, now, changedAt) => {
      const current = periodOf(cycle, now);
      const { cut, first } = changeCycle(current, changedAt, next);
      expect(cut.startsAt).toEqual(current.startsAt);
      expect(first.startsAt).toEqual(cut.endsAt);
      expect(cut.endsAt >= current.startsAt && cut.endsAt <= current.endsAt).toBe(true);
      expect(first.whole.startsAt <= first.startsAt && first.startsAt < first.endsAt).toBe(true);
      expect(first.whole.endsAt).toEqual(first.endsAt);
    },
  );
});
