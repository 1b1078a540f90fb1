import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  type Coupon,
  type CouponTerms,
  couponsAfterInvoice,
  discountsOf,
  holdCoupon,
  isCouponInForce,
  whyNotCoupon,
  whyNotRedeem,
} from "#rules/billing/coupons";

const terms = (more: Partial<CouponTerms> = {}): CouponTerms => ({
  id: "cou_1",
  percent: "10",
  amount: null,
  currency: null,
  duration: "once",
  durationMonths: null,
  productIds: [],
  priceIds: [],
  ...more,
});
const off = (amount: number, more: Partial<CouponTerms> = {}) =>
  terms({ id: "cou_off", percent: null, amount, currency: "EUR", ...more });
const line = (amount: number, productId: string | null = "prod_a", priceId: string | null = "prc_a") => ({
  amount,
  productId,
  priceId,
});

const ids = fc.constantFrom("a", "b", "c");
const lists = fc.oneof(
  { weight: 2, arbitrary: fc.constant<string[]>([]) },
  fc.uniqueArray(
    ids.map((id) => `prod_${id}`),
    { maxLength: 2 },
  ),
);
const coupons = fc.oneof(
  fc
    .record({ percent: fc.constantFrom("0.0001", "5", "12.5", "33.3333", "50", "100"), productIds: lists })
    .map((drawn) => terms(drawn)),
  fc
    .record({ amount: fc.integer({ min: 1, max: 20_000 }), productIds: lists })
    .map(({ amount, productIds }) => off(amount, { productIds })),
);
const lines = fc.array(
  fc.record({
    amount: fc.integer({ min: -5000, max: 50_000 }),
    productId: fc.option(ids.map((id) => `prod_${id}`)),
    priceId: fc.constant("prc_a"),
  }),
  { maxLength: 8 },
);
const total = (amounts: number[]) => amounts.reduce((a, b) => a + b, 0);

describe("what coupons take off", () => {
  test.prop([lines, fc.array(coupons, { maxLength: 4 })])(
    "is the same by line and by coupon, and never more than there is",
    (bought, held) => {
      const discounts = discountsOf(bought, held, "EUR");
      expect(total(discounts.lines)).toBe(discounts.total);
      expect(total(discounts.coupons.map(({ amount }) => amount))).toBe(discounts.total);
      for (const [index, { amount }] of bought.entries()) {
        expect(discounts.lines[index]).toBeGreaterThanOrEqual(0);
        expect(discounts.lines[index]).toBeLessThanOrEqual(Math.max(amount, 0));
      }
    },
  );

  test.prop([lines, coupons])("is taken of nothing else than what the coupon is for", (bought, coupon) => {
    for (const [index, part] of discountsOf(bought, [coupon], "EUR").lines.entries()) {
      const { productId } = bought[index] ?? { productId: null };
      if (coupon.productIds.length > 0 && !coupon.productIds.includes(productId ?? "")) expect(part).toBe(0);
    }
  });

  test.prop([lines, fc.array(coupons, { maxLength: 3 }), coupons])("grows with every coupon", (bought, held, more) => {
    expect(discountsOf(bought, [...held, more], "EUR").total).toBeGreaterThanOrEqual(discountsOf(bought, held, "EUR").total);
  });

  test.each([
    ["a percentage, rounded once over all lines", [line(333), line(333), line(333)], [terms({ percent: "50" })], [167, 167, 166]],
    ["an amount, split by what the lines cost", [line(1000), line(3000)], [off(400)], [100, 300]],
    ["an amount larger than all", [line(100), line(200)], [off(1000)], [100, 200]],
    ["percentages before amounts, whatever the order", [line(1000)], [off(100), terms({ percent: "10" })], [200]],
    [
      "one percentage after the other, each of what is left",
      [line(1000)],
      [terms({ percent: "50" }), terms({ percent: "50" })],
      [750],
    ],
    ["everything, and nothing is left for the next", [line(1000)], [terms({ percent: "100" }), off(100)], [1000]],
    ["only products named", [line(1000), line(1000, "prod_b")], [terms({ productIds: ["prod_b"] })], [0, 100]],
    ["only prices named", [line(1000), line(1000, "prod_a", "prc_b")], [terms({ priceIds: ["prc_b"] })], [0, 100]],
    [
      "both named, and both asked",
      [line(1000), line(1000, "prod_b")],
      [terms({ productIds: ["prod_b"], priceIds: ["prc_x"] })],
      [0, 0],
    ],
    ["nothing of what is given back", [line(1000), line(-400)], [terms({ percent: "10" })], [100, 0]],
    ["nothing in another currency", [line(1000)], [off(100, { currency: "USD" })], [0]],
    ["nothing of nothing", [], [off(100)], []],
  ] as const)("%s", (_, bought, held, expected) => {
    expect(discountsOf(bought, held, "EUR").lines).toEqual(expected);
  });

  test("tells each coupon's part", () => {
    expect(discountsOf([line(1000)], [off(100), terms()], "EUR").coupons).toEqual([
      { couponId: "cou_1", amount: 100 },
      { couponId: "cou_off", amount: 100 },
    ]);
    expect(() => discountsOf([line(0.5)], [terms()], "EUR")).toThrow(RangeError);
  });
});

describe("a coupon", () => {
  test("takes off a percentage or an amount, for a time that is told", () => {
    expect(
      [terms(), off(100), terms({ duration: "repeating", durationMonths: 3 }), terms({ duration: "forever" })].map(whyNotCoupon),
    ).toEqual([null, null, null, null]);
    const code = (more: Partial<CouponTerms>) => whyNotCoupon(terms(more))?.code;
    expect(code({ percent: null })).toBe("percent_or_amount");
    expect(code({ amount: 1, currency: "EUR" })).toBe("percent_or_amount");
    for (const percent of ["0", "100.0001", "-1", "1.23456", "x"]) expect(code({ percent })).toBe("invalid_percent");
    expect(code({ currency: "EUR" })).toBe("currency_required");
    expect(code({ percent: null, amount: 100 })).toBe("currency_required");
    expect(code({ percent: null, amount: 100, currency: "XXX" })).toBe("unknown_currency");
    expect(code({ percent: null, amount: 0, currency: "EUR" })).toBe("invalid_amount");
    expect(code({ duration: "repeating" })).toBe("invalid_duration");
    expect(code({ duration: "repeating", durationMonths: 121 })).toBe("invalid_duration");
    expect(code({ duration: "once", durationMonths: 3 })).toBe("invalid_duration");
  });

  const at = new Date("2026-03-01T00:00:00Z");
  const coupon = (more: Partial<Coupon> = {}): Coupon => ({
    ...terms(),
    maxRedemptions: 10,
    redemptions: 9,
    oncePerCustomer: true,
    redeemBy: new Date("2026-03-01T00:00:00.001Z"),
    archivedAt: null,
    ...more,
  });
  const redemption = { at, currency: "EUR", lines: [line(1000)], redeemedBefore: false, applied: [] };

  test("is redeemed until one of its limits is reached", () => {
    expect(whyNotRedeem(coupon(), redemption)).toBeNull();
    const code = (more: Partial<Coupon>, now = redemption as Parameters<typeof whyNotRedeem>[1]) =>
      whyNotRedeem(coupon(more), now)?.code;
    expect(code({ redeemBy: at })).toBe("coupon_expired");
    expect(code({ redeemBy: null })).toBeUndefined();
    expect(code({ redemptions: 10 })).toBe("coupon_exhausted");
    expect(code({ maxRedemptions: null, redemptions: 10_000 })).toBeUndefined();
    expect(code({ archivedAt: at })).toBe("coupon_archived");
    expect(code({}, { ...redemption, redeemedBefore: true })).toBe("coupon_already_redeemed");
    expect(code({ oncePerCustomer: false }, { ...redemption, redeemedBefore: true })).toBeUndefined();
    expect(code({}, { ...redemption, applied: ["cou_1"] })).toBe("coupon_already_applied");
    expect(code({ percent: null, amount: 100, currency: "USD" })).toBe("coupon_currency");
    expect(code({ productIds: ["prod_b"] })).toBe("coupon_not_applicable");
    expect(code({}, { ...redemption, lines: [line(-100)] })).toBe("coupon_not_applicable");
  });

  test("that repeats lowers the invoices of its months, of those that begin in them", () => {
    const held = holdCoupon(terms({ duration: "repeating", durationMonths: 3 }), new Date("2026-01-31T12:00:00Z"), "UTC");
    expect(held).toEqual({ couponId: "cou_1", startedAt: "2026-01-31T12:00:00.000Z", endsAt: "2026-04-30T12:00:00.000Z" });
    const inForce = (text: string) => isCouponInForce(held, new Date(text));
    expect(["2026-01-31T11:59:59Z", "2026-01-31T12:00:00Z", "2026-04-30T11:59:59Z", "2026-04-30T12:00:00Z"].map(inForce)).toEqual(
      [false, true, true, false],
    );
  });

  test("that is for once is held until an invoice had it, one that is forever stays", () => {
    const durations = { cou_once: "once", cou_ever: "forever", cou_months: "repeating" } as const;
    const durationOf = (id: string) => durations[id as keyof typeof durations];
    const held = (["cou_once", "cou_ever", "cou_months"] as const).map((id) =>
      holdCoupon(terms({ id, duration: durations[id], durationMonths: id === "cou_months" ? 1 : null }), at, "UTC"),
    );
    const left = (text: string) => couponsAfterInvoice(held, new Date(text), durationOf).map(({ couponId }) => couponId);
    expect(left("2026-02-28T00:00:00Z")).toEqual(["cou_once", "cou_ever", "cou_months"]);
    expect(left("2026-03-01T00:00:00Z")).toEqual(["cou_ever", "cou_months"]);
    expect(left("2026-04-01T00:00:00Z")).toEqual(["cou_ever"]);
  });
});
