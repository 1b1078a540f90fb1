import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { MOVEMENTS, type RevenueChange, monthlyAmount, movementsOf, shownMovements } from "#rules/billing/mrr";
import type { StoredPriceTerms } from "#rules/billing/price-terms";
import { type Rational, add, ratio, sub, sum, toRational } from "#rules/rational";
import { SUBSCRIPTION_STATUSES, type SubscriptionStatus, priceKey } from "#rules/sales/subscriptions";
import { coupon, of, price } from "../sales/subscribing.ts";

const AT = new Date("2026-03-10T00:00:00Z");

/** What one item brings in a month, of a price with these terms. */
function monthly(
  terms: Partial<StoredPriceTerms>,
  facts: { quantity?: number; coupons?: ReturnType<typeof coupon>[]; taxRate?: string; status?: SubscriptionStatus } = {},
): Rational {
  const { quantity = 1, coupons = [], taxRate = null, status = "active" } = facts;
  const known = price("p", "1200", terms);
  const { interval, intervalCount, currency } = known.terms;
  if (interval === "one_time") throw new Error("Not a recurring price");
  const held = coupons.map(({ id }) => ({ couponId: id, startedAt: "2026-03-01T00:00:00.000Z", endsAt: null }));
  return monthlyAmount(
    {
      status,
      currency,
      items: [{ ...of("p", quantity), id: "si_1", since: "2026-03-01T00:00:00.000Z", billed: null }],
      coupons: held,
      interval,
      intervalCount,
    },
    { at: AT, prices: new Map([[priceKey(known), known]]), coupons: new Map(coupons.map((one) => [one.id, one])), taxRate },
  );
}

describe("what a subscription brings in a month", () => {
  test.each([
    ["a monthly price as it is", {}, "1200/1"],
    ["a yearly one by 12", { interval: "year" }, "100/1"],
    ["a quarterly one by 3", { intervalCount: 3 }, "400/1"],
    ["one of two years by 24", { interval: "year", intervalCount: 2 }, "50/1"],
    // 1200 × 30.436875
    ["a daily one by the days of an average month", { interval: "day" }, "146097/4"],
    ["a weekly one by a seventh of them", { interval: "week" }, "20871/4"],
    ["what is metered by nothing", { meteredFeatureId: "fea_1" }, "0/1"],
  ] as const)("%s", (_, terms, amount) => {
    const { n, d } = monthly(terms);
    expect(`${n}/${d}`).toBe(amount);
  });

  test("exactly: a yearly price that months do not divide keeps its fraction", () => {
    expect(monthly({ interval: "year", unitAmount: "1000" })).toEqual(ratio(250n, 3n));
  });

  test.each(SUBSCRIPTION_STATUSES)("while it is %s", (status) => {
    const brings = status === "active" || status === "past_due" ? 1200 : 0;
    expect(monthly({}, { status })).toEqual(toRational(brings));
  });

  test("after coupons that recur, and no others, of the whole period", () => {
    expect(monthly({}, { coupons: [coupon("c")] })).toEqual(toRational(1080));
    expect(monthly({}, { coupons: [coupon("c", { duration: "repeating", durationMonths: 3 })] })).toEqual(toRational(1080));
    expect(monthly({}, { coupons: [coupon("c", { duration: "once" })] })).toEqual(toRational(1200));
    expect(monthly({ interval: "year" }, { coupons: [coupon("c", { percent: null, amount: 600, currency: "EUR" })] })).toEqual(
      toRational(50),
    );
  });

  test("without the tax that its price holds", () => {
    expect(monthly({ taxBehavior: "inclusive", unitAmount: "1190" }, { taxRate: "19" })).toEqual(toRational(1000));
    expect(monthly({ unitAmount: "1190" }, { taxRate: "19" })).toEqual(toRational(1190));
  });
});

const amounts = fc
  .record({ n: fc.bigInt({ min: 0n, max: 10n ** 9n }), d: fc.bigInt({ min: 1n, max: 4800n }) })
  .map(({ n, d }) => ratio(n, d));
const brought = fc.oneof(fc.constant(toRational(0)), amounts);
const changes = fc.array(
  fc.record({ currency: fc.constantFrom("EUR", "USD", "JPY"), before: brought, after: brought, hadBefore: fc.boolean() }),
  { maxLength: 12 },
);
const rate = fc.integer({ min: 1, max: 999_999 }).map((n) => (n / 10_000).toFixed(4));
const rates = fc.record({ usd: fc.record({ start: rate, end: rate }), jpy: fc.record({ start: rate, end: rate }) }).map(
  ({ usd, jpy }) =>
    new Map([
      ["USD", usd],
      ["JPY", jpy],
    ]),
);

describe("movements", () => {
  test.prop([changes, rates], { numRuns: 300 })("add up, exactly and as they are shown", (list, dated) => {
    const exact = movementsOf(list, "EUR", dated);
    const up = sum([exact.start, exact.new, exact.expansion, exact.reactivation, exact.fx]);
    expect(sub(up, add(exact.contraction, exact.churn))).toEqual(exact.end);

    const shown = shownMovements(exact);
    expect(shown.start + shown.new + shown.expansion + shown.reactivation - shown.contraction - shown.churn + shown.fx).toBe(
      shown.end,
    );
    for (const movement of MOVEMENTS) {
      expect(movement === "fx" || shown[movement] >= 0).toBe(true);
      expect(Math.abs(shown[movement] - Number(exact[movement].n) / Number(exact[movement].d))).toBeLessThan(1 + 1e-6);
    }
  });

  test.each([
    ["new", 0, 500, false, 500],
    ["reactivation", 0, 500, true, 500],
    ["expansion", 200, 500, true, 300],
    ["contraction", 500, 200, true, 300],
    ["churn", 500, 0, true, 500],
  ] as const)("%s: from %i to %i", (movement, before, after, hadBefore, size) => {
    const change: RevenueChange = { currency: "EUR", before: toRational(before), after: toRational(after), hadBefore };
    const shown = shownMovements(movementsOf([change], "EUR", new Map()));
    expect(shown).toEqual({
      start: before,
      end: after,
      new: 0,
      expansion: 0,
      reactivation: 0,
      contraction: 0,
      churn: 0,
      fx: 0,
      [movement]: size,
    });
  });

  test("what a rate did is told apart from what customers did", () => {
    const change: RevenueChange = { currency: "JPY", before: toRational(10_000), after: toRational(15_000), hadBefore: true };
    const shown = shownMovements(movementsOf([change], "EUR", new Map([["JPY", { start: "0.0060", end: "0.0050" }]])));
    // 10,000 yen were 60 euros and are 50; 5,000 more are 25
    expect(shown).toMatchObject({ start: 6000, end: 7500, expansion: 2500, fx: -1000 });
  });

  test("currencies are not added without a dated rate", () => {
    const change: RevenueChange = { currency: "USD", before: toRational(1), after: toRational(1), hadBefore: true };
    expect(() => movementsOf([change], "EUR", new Map())).toThrow(RangeError);
  });
});
