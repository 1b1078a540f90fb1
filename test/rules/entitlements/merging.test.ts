import * as fc from "fast-check";
import { expect, test } from "vitest";
import { mergeRights, rightEndsAt, type GivenRight } from "#rules/entitlements/merging";
import { LIMIT_TYPES, RESET_PERIODS, type Entitlement } from "#rules/licensing/terms";

const NOW = new Date("2026-11-28T12:00:00.000Z");
const at = (day: number) => new Date(NOW.getTime() + day * 86_400_000);

type Fields = Partial<Entitlement>;

const right = (fields: Fields = {}): Entitlement => ({
  featureId: "fea_export",
  feature: "export",
  enabled: true,
  limitValue: 100,
  limitType: "count",
  reset: "month",
  expiresAt: null,
  ...fields,
});

let licenses = 0;
const given = (fields: Fields = {}, until: Date | null = null): GivenRight => ({
  right: right(fields),
  from: { licenseId: `lic_${++licenses}` },
  until,
});

test("one license that gives a feature is enough, and those that do not count for nothing", () => {
  const [giving, off, none, over] = [
    given(),
    given({ enabled: false }),
    given({ limitValue: 0 }),
    given({ limitValue: null }, NOW),
  ];
  expect(mergeRights([off, none, over, giving], NOW)).toEqual([
    {
      featureId: "fea_export",
      feature: "export",
      enabled: true,
      limitValue: 100,
      limitType: "count",
      reset: "month",
      expiresAt: null,
      licenseIds: [(giving.from as { licenseId: string }).licenseId],
      defaultOf: [],
    },
  ]);
  expect(mergeRights([off, none, over], NOW)).toMatchObject([{ enabled: false, limitValue: 0, licenseIds: [], expiresAt: null }]);
});

test("a right without a limit is enough to be unlimited, whatever the others are counted by", () => {
  const rights = [given({ limitValue: 5, reset: "day" }), given({ limitValue: null }), given({ limitValue: 7 })];
  expect(mergeRights(rights, NOW)).toMatchObject([{ limitValue: null, reset: "month", licenseIds: { length: 3 } }]);
});

test("limits that are counted alike add up; those that are not stand apart, that with the longest period first", () => {
  const rights = [
    given({ limitValue: 5, reset: "day" }),
    given({ limitValue: 100 }),
    given({ limitValue: 1, reset: "never" }),
    given({ limitValue: 50 }),
    given({ limitValue: 2 ** 20, limitType: "bandwidth" }),
  ];
  expect(mergeRights(rights, NOW).map(({ limitValue, limitType, reset }) => [limitValue, limitType, reset])).toEqual([
    [1, "count", "never"],
    [2 ** 20, "bandwidth", "month"],
    [150, "count", "month"],
    [5, "count", "day"],
  ]);
});

test("what two products give by default to whoever has no license of them adds up as licenses do", () => {
  const free = (productId: string): GivenRight => ({ ...given({ limitValue: 3 }), from: { defaultOf: productId } });
  const merged = mergeRights([given({ limitValue: 10 }), free("prod_a"), free("prod_b")], NOW);
  expect(merged).toMatchObject([{ limitValue: 16, licenseIds: { length: 1 }, defaultOf: ["prod_a", "prod_b"] }]);
});

test("it ends when the last that gives it does, and never while one of them has no end", () => {
  expect(mergeRights([given({}, at(3)), given({}, at(9)), given({}, at(5))], NOW)[0]?.expiresAt).toEqual(at(9));
  expect(mergeRights([given({}, at(3)), given()], NOW)[0]?.expiresAt).toBeNull();
  expect(mergeRights([given({}, at(3)), given({ enabled: false })], NOW)[0]?.expiresAt).toEqual(at(3));
});

const LIFE = { expiresAt: null, graceUntil: null, canceledAt: null, expirationStrategy: "restrict" as const };

test.each([
  ["nothing ends it", {}, null, null],
  ["its own end", { expiresAt: at(9) }, at(3), at(3)],
  ["the license's", { expiresAt: at(3) }, at(9), at(3)],
  ["the license's grace", { expiresAt: at(3), graceUntil: at(6) }, at(9), at(6)],
  ["a cancellation before", { expiresAt: at(9), canceledAt: at(4) }, null, at(4)],
  ["an expiry that only warns", { expiresAt: at(3), expirationStrategy: "allow" as const }, null, null],
])("a right of a license ends by %s", (_, life, own, end) => {
  expect(rightEndsAt({ expiresAt: own?.toISOString() ?? null }, { ...LIFE, ...life })).toEqual(end);
});

const anyRight = fc
  .record({
    n: fc.integer({ min: 0, max: 3 }),
    enabled: fc.boolean(),
    limitValue: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 1000 })),
    limitType: fc.constantFrom(...LIMIT_TYPES),
    reset: fc.constantFrom(...RESET_PERIODS),
    days: fc.oneof(fc.constant(null), fc.integer({ min: -5, max: 5 })),
  })
  .map(({ n, days, ...fields }) =>
    given({ ...fields, featureId: `fea_${n}`, feature: `f${n}` }, days === null ? null : at(days)),
  );

test("no right is lost or counted twice, whatever is merged and in which order", () => {
  fc.assert(
    fc.property(fc.array(anyRight, { maxLength: 30 }), (rights) => {
      const merged = mergeRights(rights, NOW);
      const useful = rights.filter((r) => r.right.enabled && r.right.limitValue !== 0 && (r.until === null || r.until > NOW));
      expect(new Set(merged.map(({ featureId }) => featureId))).toEqual(new Set(rights.map((r) => r.right.featureId)));
      expect(merged.flatMap(({ licenseIds }) => licenseIds).sort()).toEqual(
        useful.map(({ from }) => (from as { licenseId: string }).licenseId).sort(),
      );
      for (const id of new Set(rights.map((r) => r.right.featureId))) {
        const [mine, theirs] = [merged.filter((m) => m.featureId === id), useful.filter((r) => r.right.featureId === id)];
        expect(mine.every(({ enabled }) => enabled)).toBe(theirs.length > 0);
        const unlimited = theirs.some((r) => r.right.limitValue === null);
        if (unlimited) expect(mine.map(({ limitValue }) => limitValue)).toEqual([null]);
        else
          expect(mine.reduce((sum, m) => sum + (m.limitValue ?? NaN), 0)).toBe(
            theirs.reduce((sum, r) => sum + (r.right.limitValue ?? NaN), 0),
          );
      }
      const numbers = (all: typeof merged) => all.map(({ limitValue, enabled, expiresAt }) => [limitValue, enabled, expiresAt]);
      const turned = mergeRights(rights.toReversed(), NOW);
      expect(numbers(turned)).toEqual(numbers(merged));
    }),
  );
});
