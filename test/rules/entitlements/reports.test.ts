import * as fc from "fast-check";
import { expect, test } from "vitest";
import { daysBefore, daysBetween, REPORTED } from "#rules/entitlements/reports";

test.each([
  ["2026-03-01", 1, "2026-02-28"],
  ["2024-03-01", 1, "2024-02-29"],
  ["2026-01-01", 365, "2025-01-01"],
  ["2026-11-28", 0, "2026-11-28"],
  ["1970-01-03", 9, "1970-01-01"],
])("%s without %s days is %s", (date, days, before) => {
  expect(daysBefore(date, days)).toBe(before);
});

test("a date lies as many days behind another as it was moved by", () => {
  const dates = fc.date({ min: new Date("2000-01-01T00:00:00Z"), max: new Date("2100-01-01T00:00:00Z"), noInvalidDate: true });
  fc.assert(
    fc.property(dates, fc.nat(7305), (date, days) => {
      const day = date.toISOString().slice(0, 10);
      expect(daysBetween(daysBefore(day, days), day)).toBe(days);
      expect(daysBetween(day, daysBefore(day, days))).toBe(days === 0 ? 0 : -days);
    }),
  );
});

test("what a report looks back by itself is no longer than what it takes", () => {
  for (const { days, most } of Object.values(REPORTED)) expect(days).toBeLessThanOrEqual(most);
});
