import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type PriceTerms, isUnitAmount, priceQuantity, recompute, whyNotPriceTerms } from "#rules/billing/pricing";
import { ratio, roundHalfAwayFromZero } from "#rules/rational";
import { priceTerms, tiers, unitAmounts } from "./generators.ts";

const quantities = fc.integer({ min: 0, max: 400 });
const amountOf = (terms: PriceTerms, quantity: number) => priceQuantity(terms, quantity).amount;
const graduated = (list: PriceTerms["tiers"]): PriceTerms => ({
  scheme: "graduated",
  unitAmount: null,
  tiers: list,
  packageSize: null,
});
const volume = (list: PriceTerms["tiers"]): PriceTerms => ({ ...graduated(list), scheme: "volume" });
const single = (scheme: "flat" | "per_unit" | "package", unitAmount: string, packageSize: number | null = null): PriceTerms => ({
  scheme,
  unitAmount,
  tiers: [],
  packageSize,
});
/** Millionths of a minor unit. */
const micros = (text: string) => {
  const [whole = "", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(6, "0"));
};
const rounded = (value: bigint) => roundHalfAwayFromZero(ratio(value, 1_000_000n));

describe("what a quantity costs", () => {
  test.prop([priceTerms, quantities])("can be recomputed from its derivation, through JSON", (terms, quantity) => {
    const { amount, derivation } = priceQuantity(terms, quantity);
    expect(recompute(JSON.parse(JSON.stringify(derivation)))).toBe(amount);
    if (terms.scheme === "graduated" || terms.scheme === "per_unit")
      expect(derivation.tiers.reduce((sum, tier) => sum + tier.quantity, 0)).toBe(quantity);
  });

  test.prop([priceTerms, quantities, quantities])("never falls with the quantity, but for volume prices", (terms, a, b) => {
    fc.pre(terms.scheme !== "volume");
    expect(amountOf(terms, Math.min(a, b))).toBeLessThanOrEqual(amountOf(terms, Math.max(a, b)));
  });

  test.prop([tiers(), quantities])("graduated: each unit costs what its own tier says, counted one by one", (list, quantity) => {
    let exact = 0n;
    for (const [index, { unitAmount, flatAmount }] of list.entries()) {
      const from = list[index - 1]?.upTo ?? 0;
      const upTo = list[index]?.upTo ?? Infinity;
      for (let unit = from + 1; unit <= Math.min(upTo, quantity); unit++) exact += micros(unitAmount);
      if (index === 0 || quantity > from) exact += BigInt(flatAmount) * 1_000_000n;
    }
    expect(amountOf(graduated(list), quantity)).toBe(rounded(exact));
  });

  test.prop([tiers(fc.constant(0)), quantities])(
    "graduated without fees is continuous: one unit more costs no more than the dearest tier's unit",
    (list, quantity) => {
      const dearest = Math.max(...list.map(({ unitAmount }) => Number(unitAmount)));
      const step = amountOf(graduated(list), quantity + 1) - amountOf(graduated(list), quantity);
      expect(step).toBeGreaterThanOrEqual(0);
      expect(step).toBeLessThanOrEqual(Math.ceil(dearest) + 1);
    },
  );

  test.prop([tiers(), quantities])("volume: all units cost what the tier says that the last one is in", (list, quantity) => {
    const tier = list.findLast((_, index) => index === 0 || quantity > (list[index - 1]?.upTo ?? Infinity));
    const exact = BigInt(quantity) * micros(tier?.unitAmount ?? "0") + BigInt(tier?.flatAmount ?? 0) * 1_000_000n;
    expect(amountOf(volume(list), quantity)).toBe(rounded(exact));
  });

  test.prop([unitAmounts, fc.integer({ min: 1, max: 50 }), quantities])(
    "package: as many packages as hold all units, and no more",
    (unitAmount, size, quantity) => {
      let packages = 0;
      while (packages * size < quantity) packages++;
      expect(amountOf(single("package", unitAmount, size), quantity)).toBe(rounded(BigInt(packages) * micros(unitAmount)));
    },
  );

  test.prop([unitAmounts, quantities])(
    "one open tier without a fee, and packages of one, are a price for each",
    (unitAmount, quantity) => {
      const each = amountOf(single("per_unit", unitAmount), quantity);
      expect(amountOf(graduated([{ upTo: null, unitAmount, flatAmount: 0 }]), quantity)).toBe(each);
      expect(amountOf(volume([{ upTo: null, unitAmount, flatAmount: 0 }]), quantity)).toBe(each);
      expect(amountOf(single("package", unitAmount, 1), quantity)).toBe(each);
    },
  );

  const list = [
    { upTo: 5, unitAmount: "1000", flatAmount: 0 },
    { upTo: 10, unitAmount: "800", flatAmount: 200 },
    { upTo: null, unitAmount: "0.333", flatAmount: 0 },
  ];
  test.each([
    ["flat, none", single("flat", "4900"), 0, 4900],
    ["flat, many", single("flat", "4900"), 12, 4900],
    ["per unit, rounded once at the end", single("per_unit", "0.0125"), 1000, 13],
    ["per unit, a half goes up", single("per_unit", "0.5"), 1, 1],
    ["graduated, none", graduated(list), 0, 0],
    ["graduated, to the edge of a tier", graduated(list), 5, 5000],
    ["graduated, one beyond it, with that tier's fee", graduated(list), 6, 6000],
    ["graduated, into the last", graduated(list), 13, 9201],
    ["volume, to the edge of a tier", volume(list), 5, 5000],
    ["volume, one beyond it", volume(list), 6, 5000],
    ["volume, in the last", volume(list), 11, 4],
    ["package, none", single("package", "500", 100), 0, 0],
    ["package, begun", single("package", "500", 100), 101, 1000],
    ["package, full", single("package", "500", 100), 100, 500],
  ])("%s", (_, terms, quantity, amount) => {
    expect(amountOf(terms, quantity)).toBe(amount);
  });

  test("shows each tier's part", () => {
    expect(priceQuantity(graduated(list), 13)).toEqual({
      amount: 9201,
      unitAmount: null,
      derivation: {
        kind: "scheme",
        scheme: "graduated",
        quantity: 13,
        packageSize: null,
        tiers: [
          { upTo: 5, quantity: 5, unitAmount: "1000", flatAmount: 0, amount: "5000" },
          { upTo: 10, quantity: 5, unitAmount: "800", flatAmount: 200, amount: "4200" },
          { upTo: null, quantity: 3, unitAmount: "0.333", flatAmount: 0, amount: "0.999" },
        ],
      },
    });
    expect(priceQuantity(single("per_unit", "0.0125"), 3).unitAmount).toBe("0.0125");
  });

  test("what is no quantity, or leaves the safe integers, is refused", () => {
    for (const quantity of [-1, 0.5, NaN, Number.MAX_SAFE_INTEGER + 1])
      expect(() => priceQuantity(single("per_unit", "1"), quantity)).toThrow(RangeError);
    expect(() => priceQuantity(single("per_unit", "2"), Number.MAX_SAFE_INTEGER)).toThrow(RangeError);
    expect(() => priceQuantity(graduated([]), 1)).toThrow(RangeError);
  });
});

describe("a derivation", () => {
  test("of parts of a period and of plain lines is recomputed too", () => {
    const span = {
      periodStartAt: "2026-03-01T00:00:00.000Z",
      periodEndAt: "2026-04-01T00:00:00.000Z",
      at: "2026-03-11T08:00:00.000Z",
    };
    const part = {
      kind: "proration",
      by: "second",
      zone: "UTC",
      ...span,
      part: { n: "2", d: "3" },
      fullAmount: 1000,
      rounding: "half_away_from_zero",
    } as const;
    expect(recompute({ ...part, of: "charge" })).toBe(667);
    expect(recompute({ ...part, of: "credit" })).toBe(-667);
    expect(recompute({ kind: "flat", quantity: 3, unitAmount: 250 })).toBe(750);
    expect(recompute({ kind: "manual" })).toBeNull();
  });

  test("whose parts do not add up is refused", () => {
    const { derivation } = priceQuantity(single("per_unit", "100"), 3);
    const [tier] = derivation.tiers;
    expect(() => recompute({ ...derivation, tiers: tier ? [{ ...tier, amount: "301" }] : [] })).toThrow(RangeError);
  });
});

describe("terms of a price", () => {
  test.prop([priceTerms])("that are right have nothing against them", (terms) => {
    expect(whyNotPriceTerms(terms)).toBeNull();
  });

  const tier = (upTo: number | null, more = {}) => ({ upTo, unitAmount: "100", flatAmount: 0, ...more });
  test.each([
    ["unit_amount_required", "/unit_amount", { ...single("per_unit", "1"), unitAmount: null }],
    ["invalid_unit_amount", "/unit_amount", single("per_unit", "-1")],
    ["invalid_unit_amount", "/unit_amount", single("per_unit", "1e3")],
    ["invalid_unit_amount", "/unit_amount", single("per_unit", "0.1234567890123")],
    ["invalid_unit_amount", "/unit_amount", single("flat", "0.5")],
    ["tiers_unexpected", "/tiers", { ...single("per_unit", "1"), tiers: [tier(null)] }],
    ["unit_amount_unexpected", "/unit_amount", { ...graduated([tier(null)]), unitAmount: "1" }],
    ["tiers_required", "/tiers", volume([])],
    ["too_many_tiers", "/tiers", volume([...Array.from({ length: 50 }, (_, index) => tier(index + 1)), tier(null)])],
    ["tiers_not_rising", "/tiers/1/up_to", graduated([tier(5), tier(5), tier(null)])],
    ["tiers_not_rising", "/tiers/0/up_to", graduated([tier(0), tier(null)])],
    ["last_tier_closed", "/tiers/1/up_to", graduated([tier(5), tier(10)])],
    ["last_tier_closed", "/tiers/0/up_to", graduated([tier(null), tier(null)])],
    ["invalid_unit_amount", "/tiers/0/unit_amount", graduated([tier(null, { unitAmount: "x" })])],
    ["invalid_unit_amount", "/tiers/0/flat_amount", graduated([tier(null, { flatAmount: -1 })])],
    ["package_size_required", "/package_size", single("package", "1")],
    ["package_size_required", "/package_size", single("package", "1", 0)],
    ["package_size_unexpected", "/package_size", single("per_unit", "1", 10)],
  ] as const)("%s at %s", (code, pointer, terms) => {
    expect(whyNotPriceTerms({ ...terms, tiers: [...terms.tiers] })).toMatchObject({ code, pointer });
  });

  test("unit amounts are plain decimals", () => {
    expect(["0", "1", "0.000000000001", "12.50"].every(isUnitAmount)).toBe(true);
    expect(["", "01", ".5", "5.", "+1", "1 ", "1,5", "0.0000000000001"].some(isUnitAmount)).toBe(false);
  });
});
