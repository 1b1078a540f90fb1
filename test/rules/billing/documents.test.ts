import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type DocumentLine, canonicalRate, roundToSum, taxOfLines, totalsOf } from "#rules/billing/documents";
import { splitByLargestRemainder } from "#rules/money";
import { ratio } from "#rules/rational";
import { behaviors, currencies, linesOfDocument, rates } from "./generators.ts";

const line = (net: number, rate = "19", more: Partial<DocumentLine> = {}) => ({
  amount: net,
  discount: 0,
  net,
  tax: { category: "S" as const, rate, taxRateId: null, reason: null },
  ...more,
});
const total = (amounts: number[]) => amounts.reduce((a, b) => a + b, 0);
const negated = (lines: DocumentLine[]): DocumentLine[] =>
  lines.map((each) => ({ ...each, amount: 0 - each.amount, discount: 0 - each.discount, net: 0 - each.net }));

describe("the sums of a document", () => {
  test.prop([linesOfDocument(), behaviors, currencies])("add up, whatever stands on it", (lines, behavior, currency) => {
    const totals = totalsOf(lines, behavior, currency);
    expect(totals.taxable).toBe(total(totals.groups.map(({ taxable }) => taxable))); // BR-CO-13
    expect(totals.taxTotal).toBe(total(totals.groups.map(({ tax }) => tax))); // BR-CO-14
    expect(totals.total).toBe(totals.taxable + totals.taxTotal + totals.rounding); // BR-CO-15, BR-CO-16
    expect(totals.subtotal - totals.discountTotal).toBe(total(lines.map(({ net }) => net)));
    for (const { rate, taxable, tax } of totals.groups) {
      // BR-CO-17, by other means than the rule: twice the tax is within one unit of twice the exact tax, and a half goes away from zero
      const exact = BigInt(Math.abs(taxable)) * BigInt(Math.round(Number(rate) * 10_000));
      expect((2n * exact + 1_000_000n) / 2_000_000n).toBe(BigInt(Math.abs(tax)));
      expect(Math.sign(tax) * Math.sign(taxable)).toBeGreaterThanOrEqual(0);
    }
  });

  test.prop([linesOfDocument(), currencies])("exclusive prices are what is taxed, and round nothing", (lines, currency) => {
    const totals = totalsOf(lines, "exclusive", currency);
    expect(totals.taxable).toBe(total(lines.map(({ net }) => net)));
    expect(totals.rounding).toBe(0);
  });

  test.prop([linesOfDocument(), currencies])("an inclusive price is what the customer pays, to the unit", (lines, currency) => {
    const totals = totalsOf(lines, "inclusive", currency);
    expect(totals.total).toBe(total(lines.map(({ net }) => net)));
    expect(Math.abs(totals.rounding)).toBeLessThanOrEqual(totals.groups.length);
  });

  test.prop([fc.integer({ min: 1, max: 3_000 }), rates])(
    "no other net with its tax is nearer an inclusive price",
    (gross, rate) => {
      const [group] = totalsOf([line(gross, rate)], "inclusive", "EUR").groups;
      const distance = (net: number) => Math.abs(totalsOf([line(net, rate)], "exclusive", "EUR").total - gross);
      const nearest = Math.min(
        ...Array.from({ length: gross + 1 }, (_, net) => net)
          .slice(-Math.ceil(gross / 2) - 2)
          .map(distance),
      );
      expect(distance(group?.taxable ?? -1)).toBe(nearest);
    },
  );

  test.prop([linesOfDocument(), behaviors])("what is given back in full has the same sums below zero", (lines, behavior) => {
    const totals = totalsOf(lines, behavior, "EUR");
    const back = totalsOf(negated(lines), behavior, "EUR");
    expect(back.groups.map(({ taxable, tax }) => [0 - taxable, 0 - tax])).toEqual(
      totals.groups.map(({ taxable, tax }) => [taxable, tax]),
    );
    expect(0 - back.total).toBe(totals.total);
    expect(0 - back.rounding).toBe(totals.rounding);
  });

  test.prop([linesOfDocument(), behaviors])("lines are summed before they are taxed", (lines, behavior) => {
    const { groups } = totalsOf(lines, behavior, "EUR");
    const keys = groups.map(({ category, rate, reason }) => `${category} ${rate} ${reason}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toEqual([...new Set(lines.map(({ tax }) => `${tax.category} ${tax.rate} ${tax.reason}`))]);
  });

  test.each([
    // three times 0.10 at 19 %: 0.057, taxed line by line it would be 0.06
    ["exclusive", "EUR", [line(10), line(10), line(10)], { taxable: 30, taxTotal: 6, rounding: 0, total: 36 }],
    // a half goes away from zero
    ["exclusive", "EUR", [line(250, "5")], { taxable: 250, taxTotal: 13, rounding: 0, total: 263 }],
    ["exclusive", "EUR", [line(-250, "5")], { taxable: -250, taxTotal: -13, rounding: 0, total: -263 }],
    ["inclusive", "EUR", [line(11_900)], { taxable: 10_000, taxTotal: 1900, rounding: 0, total: 11_900 }],
    // 0.02 + 0.00 and 0.03 + 0.01 are as near to 0.03: the smaller net, and a cent is left
    ["inclusive", "EUR", [line(3)], { taxable: 2, taxTotal: 0, rounding: 1, total: 3 }],
    ["inclusive", "EUR", [line(-3)], { taxable: -2, taxTotal: 0, rounding: -1, total: -3 }],
    ["inclusive", "JPY", [line(1080, "8"), line(1100, "10")], { taxable: 2000, taxTotal: 180, rounding: 0, total: 2180 }],
    ["exclusive", "KWD", [line(12_345, "5")], { taxable: 12_345, taxTotal: 617, rounding: 0, total: 12_962 }],
    ["exclusive", "EUR", [], { taxable: 0, taxTotal: 0, rounding: 0, total: 0 }],
  ] as const)("%s %s %j are %j", (behavior, currency, lines, sums) => {
    expect(totalsOf(lines, behavior, currency)).toMatchObject(sums);
  });

  test("one rate in two spellings is one group", () => {
    expect(totalsOf([line(100, "19"), line(100, "19.00")], "exclusive", "EUR").groups).toEqual([
      { category: "S", rate: "19", reason: null, taxable: 200, tax: 38 },
    ]);
    expect(["19.0", "5.50", "0", "0.0001", "100"].map(canonicalRate)).toEqual(["19", "5.5", "0", "0.0001", "100"]);
  });

  test("what is no sum is refused", () => {
    const refused = (lines: Parameters<typeof totalsOf>[0], currency = "EUR") =>
      expect(() => totalsOf(lines, "exclusive", currency)).toThrow(RangeError);
    refused([line(1)], "XXX");
    refused([line(1.5)]);
    refused([line(1, "-1")]);
    refused([line(1, "100.1")]);
    refused([line(1, "1.23456")]);
    refused([{ ...line(10), net: 9 }]);
    refused([line(-1, "19", { amount: 10, discount: 11 })]);
    refused([line(11, "19", { amount: 10, discount: -1 })]);
    refused([line(Number.MAX_SAFE_INTEGER), line(1)]);
    refused([line(Number.MAX_SAFE_INTEGER)]);
  });
});

describe("tax split back over lines", () => {
  test.prop([linesOfDocument(), behaviors])("sums to each group and to the document", (lines, behavior) => {
    const totals = totalsOf(lines, behavior, "EUR");
    const shares = taxOfLines(lines, totals, behavior);
    for (const group of totals.groups) {
      const ours = shares.filter(
        (_, index) => lines[index]?.tax.rate === group.rate && lines[index]?.tax.category === group.category,
      );
      expect(total(ours.map(({ taxable }) => taxable))).toBe(group.taxable);
      expect(total(ours.map(({ tax }) => tax))).toBe(group.tax);
    }
    expect(total(shares.map(({ rounding }) => rounding))).toBe(totals.rounding);
    expect(total(shares.map((share) => share.total))).toBe(totals.total);
    for (const share of shares) expect(share.total).toBe(share.taxable + share.tax + share.rounding);
  });

  test.prop([linesOfDocument(), behaviors])("a line's part is its own, to less than a unit", (lines, behavior) => {
    const shares = taxOfLines(lines, totalsOf(lines, behavior, "EUR"), behavior);
    for (const [index, { net, tax }] of lines.entries()) {
      const rate = Number(tax.rate) / 100;
      const exact = behavior === "exclusive" ? net : net / (1 + rate);
      expect(Math.abs((shares[index]?.taxable ?? Infinity) - exact)).toBeLessThan(1);
      expect(Math.abs((shares[index]?.tax ?? Infinity) - exact * rate)).toBeLessThanOrEqual(1);
      if (behavior === "inclusive") expect(shares[index]?.total).toBe(net);
    }
  });

  test.prop([
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
    fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 9 }),
  ])("splits a whole like every other split of money, where all parts have one sign", (whole, weights) => {
    const sum = total(weights);
    fc.pre(sum > 0);
    const exact = weights.map((weight) => ratio(BigInt(whole) * BigInt(weight), BigInt(sum)));
    expect(roundToSum(whole, exact)).toEqual(splitByLargestRemainder(whole, weights));
  });

  test("the cent goes to the earlier of equal lines", () => {
    const lines = [line(10), line(10), line(10)];
    expect(taxOfLines(lines, totalsOf(lines, "exclusive", "EUR"), "exclusive").map(({ tax }) => tax)).toEqual([2, 2, 2]);
    const halves = [line(50, "5"), line(50, "5"), line(50, "5")];
    expect(taxOfLines(halves, totalsOf(halves, "exclusive", "EUR"), "exclusive").map(({ tax }) => tax)).toEqual([3, 3, 2]);
  });

  test("what is bought and given back on one document keeps its tax on either line", () => {
    const lines = [line(11_900), line(-11_900)];
    const shares = taxOfLines(lines, totalsOf(lines, "inclusive", "EUR"), "inclusive");
    expect(shares.map(({ taxable, tax }) => [taxable, tax])).toEqual([
      [10_000, 1900],
      [-10_000, -1900],
    ]);
  });

  test("totals of other lines are refused", () => {
    expect(() => taxOfLines([line(100)], totalsOf([line(100, "7")], "exclusive", "EUR"), "exclusive")).toThrow(RangeError);
    expect(() => taxOfLines([line(1000)], totalsOf([line(100)], "exclusive", "EUR"), "exclusive")).toThrow(RangeError);
    expect(() => roundToSum(3, [ratio(1n, 2n), ratio(1n, 2n)])).toThrow(RangeError);
  });
});
