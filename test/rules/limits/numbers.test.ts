import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  aboveCeiling,
  ceilingsOf,
  LIMIT_NAMES,
  type LimitName,
  type LimitOverrides,
  limitsOf,
  TIER_LIMITS,
} from "#rules/limits/numbers";
import { TIERS } from "#rules/tenants/tiers";

test.each([
  ["free", 60, 1_000, 1_000],
  ["starter", 120, 3_000, 10_000],
  ["professional", 600, 20_000, 100_000],
  ["enterprise", 6_000, 200_000, 1_000_000],
  ["white_label", 6_000, 200_000, null],
] as const)("%s comes with %i requests a minute, %i an hour and %s a month", (tier, minute, hour, month) => {
  expect(limitsOf(tier, null, {})).toEqual({
    requests_per_minute: minute,
    requests_per_hour: hour,
    requests_per_month: month,
    key_requests_per_minute: null,
    key_requests_per_hour: null,
    address_requests_per_minute: 6_000,
    license_requests_per_minute: 6_000,
    not_found_per_minute: 600,
  });
});

const number = fc.option(fc.integer({ min: 1, max: 300_000 }), { nil: null });
const overrides: fc.Arbitrary<LimitOverrides> = fc.record(
  Object.fromEntries(LIMIT_NAMES.map((name) => [name, number])) as Record<LimitName, typeof number>,
  { requiredKeys: [] },
);

test("a tenant's own numbers only ever lower what its tier or the operator allows", () => {
  fc.assert(
    fc.property(fc.constantFrom(...TIERS), fc.option(overrides, { nil: null }), overrides, (tier, given, own) => {
      const ceilings = ceilingsOf(tier, given);
      const limits = limitsOf(tier, given, own);
      for (const name of LIMIT_NAMES) {
        expect(ceilings[name]).toBe(given?.[name] ?? TIER_LIMITS[tier][name]);
        const [most, mine] = [ceilings[name] ?? Infinity, own[name] ?? Infinity];
        expect(limits[name] ?? Infinity).toBe(Math.min(most, mine));
        expect(aboveCeiling(ceilings, own).some((each) => each.name === name)).toBe(own[name] != null && mine > most);
      }
    }),
  );
});
