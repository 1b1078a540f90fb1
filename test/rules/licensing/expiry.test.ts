import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { anchorDayOf, firstPeriod, graceEnd, periodFrom } from "#rules/licensing/expiry";
import { isInGrace } from "#rules/licensing/states";
import { type TermsInput, termsWithDefaults } from "#rules/licensing/terms";
import { addDuration } from "#rules/time";

const instants = fc.date({ min: new Date("2000-01-01"), max: new Date("2080-01-01"), noInvalidDate: true });
const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata");
const terms = (more: Partial<TermsInput> = {}) => termsWithDefaults({ type: "subscription", model: "per_device", ...more });
const at = (text: string) => new Date(text);
const START = at("2026-01-31T10:00:00.000Z");
const NOTHING = { expiresAt: null, graceUntil: null, maintenanceUntil: null };

describe("the first period", () => {
  test("runs from the start for the duration, with grace after it and maintenance beside it", () => {
    expect(firstPeriod(terms({ duration: "P1M", gracePeriod: "P14D", maintenance: "P6M" }), START)).toEqual({
      expiresAt: at("2026-02-28T10:00:00.000Z"),
      graceUntil: at("2026-03-14T10:00:00.000Z"),
      maintenanceUntil: at("2026-07-31T10:00:00.000Z"),
    });
  });

  test("of a perpetual license has no end, though maintenance may", () => {
    const perpetual = termsWithDefaults({ type: "perpetual", model: "per_device", maintenance: "P1Y" });
    expect(firstPeriod(perpetual, START)).toEqual({ ...NOTHING, maintenanceUntil: at("2027-01-31T10:00:00.000Z") });
  });

  test.each(["first_activation", "first_validation"] as const)("counted from the %s is not known before", (expiryBasis) => {
    const waiting = terms({ expiryBasis, maintenance: "P1Y" });
    expect(firstPeriod(waiting, START)).toEqual(NOTHING);
    expect(periodFrom(waiting, START)).toEqual(firstPeriod(terms({ maintenance: "P1Y" }), START));
    expect(firstPeriod(waiting, START, "UTC", at("2026-03-01T00:00:00Z"))).toEqual({
      expiresAt: at("2026-03-01T00:00:00Z"),
      graceUntil: at("2026-03-31T00:00:00Z"),
      maintenanceUntil: null,
    });
  });

  test("an end that was given outright stands, even against the end of the day, and none is none", () => {
    const given = at("2026-05-05T05:05:05.005Z");
    expect(firstPeriod(terms({ endOfDay: true }), START, "Europe/Berlin", given)).toMatchObject({
      expiresAt: given,
      graceUntil: at("2026-06-04T05:05:05.005Z"),
    });
    expect(firstPeriod(terms(), START, "UTC", null)).toEqual(NOTHING);
  });

  test("ends with the customer's day if asked, and so does grace", () => {
    expect(firstPeriod(terms({ duration: "P1M", endOfDay: true }), START, "Europe/Berlin")).toMatchObject({
      expiresAt: at("2026-02-28T23:00:00.000Z"),
      // the clocks went forward in between: midnight of Berlin still
      graceUntil: at("2026-03-30T22:00:00.000Z"),
    });
  });

  test.prop([
    instants,
    zones,
    fc.boolean(),
    fc.constantFrom("P1D", "P1M", "P1Y", "PT36H"),
    fc.constantFrom("P0D", "P1D", "P30D"),
  ])(
    "ends after it began, is never shortened by the end of the day, and grace begins where it ends",
    (start, zone, endOfDay, duration, gracePeriod) => {
      const { expiresAt, graceUntil } = firstPeriod(terms({ duration, endOfDay, gracePeriod }), start, zone);
      const counted = addDuration(start, duration, zone);
      expect(expiresAt! >= counted).toBe(true);
      expect(expiresAt!.getTime() - counted.getTime()).toBeLessThanOrEqual(endOfDay ? 25 * 3_600_000 : 0);
      expect(graceUntil).toEqual(gracePeriod === "P0D" ? null : addDuration(expiresAt!, gracePeriod, zone));
      expect(isInGrace({ expiresAt, graceUntil }, expiresAt!)).toBe(gracePeriod !== "P0D");
    },
  );
});

describe("grace", () => {
  test("is none for what never ends, for P0D, and where only a failed renewal grants it", () => {
    expect(graceEnd(terms(), null)).toBeNull();
    expect(graceEnd(terms({ gracePeriod: "P0D" }), START)).toBeNull();
    expect(graceEnd(terms({ graceApplies: "renewal_failed" }), START)).toBeNull();
    expect(graceEnd(terms({ gracePeriod: "PT1S" }), START)).toEqual(at("2026-01-31T10:00:01.000Z"));
  });
});

describe("the anchor", () => {
  test("is the day of the start in the zone, where the duration has months or years", () => {
    const late = at("2026-01-30T23:30:00Z");
    expect(anchorDayOf(terms({ duration: "P1M" }), late)).toBe(30);
    expect(anchorDayOf(terms({ duration: "P1Y" }), late, "Europe/Berlin")).toBe(31);
    expect(anchorDayOf(terms({ duration: "P30D" }), late)).toBeUndefined();
    expect(anchorDayOf(terms({ duration: null }), late)).toBeUndefined();
  });
});
