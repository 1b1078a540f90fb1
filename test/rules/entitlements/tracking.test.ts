import { expect, test } from "vitest";
import { countedAs } from "#rules/entitlements/tracking";
import type { Entitlement } from "#rules/licensing/terms";

const NOW = new Date("2026-11-28T12:00:00.000Z");
const later = (ms: number) => new Date(NOW.getTime() + ms);
const DAY_MS = 24 * 3600 * 1000;

const right = (fields: Partial<Entitlement> = {}): Entitlement => ({
  featureId: "fea_1",
  feature: "export",
  enabled: true,
  limitValue: 100,
  limitType: "count",
  reset: "month",
  expiresAt: null,
  ...fields,
});

const outcome = (at: Date | null, fields: Partial<Entitlement> = {}, feature = "export") => {
  const counting = countedAs({ feature, at }, [right({ featureId: "fea_0", feature: "print" }), right(fields)], NOW);
  return "code" in counting ? counting.code : counting.counted.featureId;
};

test("a right that gives the feature, named by id or code, says how it is counted", () => {
  expect(countedAs({ feature: "export", at: null }, [right({ rollover: true })], NOW)).toEqual({
    counted: { featureId: "fea_1", feature: "export", limit: 100, reset: "month", rollover: true },
  });
  expect(outcome(null, {}, "fea_1")).toBe("fea_1");
  expect(outcome(null, { limitValue: null })).toBe("fea_1");
});

test.each([
  ["it is not named", {}, "fax"],
  ["it is switched off", { enabled: false }, "export"],
  ["there is none of it", { limitValue: 0 }, "export"],
  ["the right has ended", { expiresAt: NOW.toISOString() }, "export"],
])("nothing is counted where %s", (_, fields, feature) => {
  expect(outcome(null, fields, feature)).toBe("feature_not_licensed");
});

test("what was used before the right ended is counted, however late it is told", () => {
  const expiresAt = later(-DAY_MS).toISOString();
  expect(outcome(later(-DAY_MS - 1), { expiresAt })).toBe("fea_1");
  expect(outcome(later(-DAY_MS), { expiresAt })).toBe("feature_not_licensed");
});

test.each([
  [-35 * DAY_MS, "fea_1"],
  [-35 * DAY_MS - 1, "at_too_old"],
  [5 * 60_000, "fea_1"],
  [5 * 60_000 + 1, "at_in_future"],
])("an instant %s ms from now: %s", (ms, said) => {
  expect(outcome(later(ms))).toBe(said);
});
