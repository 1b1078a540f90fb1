import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  PROVIDERS,
  decimalAmount,
  decimalsOf,
  fromProviderAmount,
  isAmount,
  isCurrency,
  listCurrencies,
  parsePercent,
  percentOf,
  roundedQuotient,
  splitByLargestRemainder,
  toProviderAmount,
} from "#rules/money";

const amounts = fc.integer({ min: 0, max: 10_000_000_000 });
const currencies = fc.constantFrom(...listCurrencies());
const providers = fc.constantFrom(...PROVIDERS);

describe("currencies", () => {
  test("are known by their decimals", () => {
    expect(["EUR", "JPY", "KWD", "ISK", "HUF", "MGA"].map(decimalsOf)).toEqual([2, 0, 3, 0, 2, 2]);
    expect(["eur", "XXX", "XAU", "", "EURO", "toString"].map(isCurrency)).toEqual([false, false, false, false, false, false]);
    expect(() => decimalsOf("XXX")).toThrow(RangeError);
    expect(new Set(listCurrencies()).size).toBe(listCurrencies().length);
  });

  test("agree with the platform's own table, apart from what it rounds by habit and what is no money any more", () => {
    const shownWithoutDecimals = "AFN ALL COP HUF IDR IQD IRR KPW LAK LBP MGA MMK PKR SOS SYP YER".split(" ");
    for (const currency of listCurrencies().filter((code) => !shownWithoutDecimals.includes(code))) {
      const { maximumFractionDigits } = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions();
      expect([currency, maximumFractionDigits]).toEqual([currency, decimalsOf(currency)]);
    }
    const withdrawnOrUnits = "ANG BGN CUC HRK SLL XDR XSU ZWL".split(" ");
    expect(Intl.supportedValuesOf("currency").filter((code) => !isCurrency(code) && !withdrawnOrUnits.includes(code))).toEqual(
      [],
    );
  });
});

describe("an amount for a provider", () => {
  test.prop([providers, currencies, amounts])(
    "comes back as it went, or is refused with a reason",
    (provider, currency, amount) => {
      const sent = toProviderAmount(provider, currency, amount);
      if (!sent.ok) {
        expect(["currency_unsupported", "too_fine"]).toContain(sent.reason);
        expect(sent.detail).not.toBe("");
        return;
      }
      expect(fromProviderAmount(provider, currency, sent.units)).toBe(amount);
      expect(fromProviderAmount(provider, currency, sent.decimal)).toBe(amount);
    },
  );

  test.prop([providers, currencies, amounts])("is worth as much as ours, to the last decimal", (provider, currency, amount) => {
    const sent = toProviderAmount(provider, currency, amount);
    fc.pre(sent.ok);
    // by text, for no float is exact here: the provider's decimals are ours with zeros more or less
    const trimmed = (text: string) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    expect(sent.ok && trimmed(sent.decimal)).toBe(trimmed(decimalAmount(currency, amount)));
  });

  test.each([
    ["stripe", "EUR", 1999, 1999, "19.99"],
    ["stripe", "EUR", 0, 0, "0.00"],
    ["stripe", "JPY", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, "9007199254740991"],
    ["stripe", "JPY", 500, 500, "500"],
    ["stripe", "ISK", 5, 500, "5.00"],
    ["stripe", "UGX", 5, 500, "5.00"],
    ["stripe", "MGA", 12_300, 123, "123"],
    ["stripe", "KWD", 5120, 5120, "5.120"],
    ["stripe", "HUF", 1045, 1045, "10.45"],
    ["paypal", "EUR", 5, 5, "0.05"],
    ["paypal", "HUF", 12_300, 123, "123"],
    ["paypal", "JPY", 500, 500, "500"],
    ["paypal", "TWD", 50_000, 500, "500"],
    ["manual", "KWD", 5124, 5124, "5.124"],
    ["manual", "ISK", 5, 5, "5"],
  ] as const)("%s takes %s %i as %i", (provider, currency, amount, units, decimal) => {
    expect(toProviderAmount(provider, currency, amount)).toEqual({ ok: true, units, decimal });
    expect(fromProviderAmount(provider, currency, units)).toBe(amount);
  });

  test.each([
    ["stripe", "KWD", 5124, "too_fine"],
    ["stripe", "MGA", 12_345, "too_fine"],
    ["paypal", "HUF", 1045, "too_fine"],
    ["paypal", "TWD", 1, "too_fine"],
    ["paypal", "KWD", 5120, "currency_unsupported"],
    ["stripe", "XXX", 100, "currency_unsupported"],
    ["manual", "eur", 100, "currency_unsupported"],
    ["stripe", "EUR", -1, "not_an_amount"],
    ["stripe", "EUR", 1.5, "not_an_amount"],
    ["stripe", "EUR", Number.NaN, "not_an_amount"],
    ["stripe", "EUR", 2 ** 53, "not_an_amount"],
    ["stripe", "ISK", Number.MAX_SAFE_INTEGER, "too_large"],
  ] as const)("%s refuses %s %d: %s", (provider, currency, amount, reason) => {
    expect(toProviderAmount(provider, currency, amount)).toMatchObject({ ok: false, reason });
  });

  test.each([
    ["stripe", "ISK", 550],
    ["stripe", "EUR", -1],
    ["stripe", "EUR", 1.5],
    ["paypal", "EUR", "1.999"],
    ["paypal", "EUR", "1,99"],
    ["paypal", "EUR", "-1.00"],
    ["paypal", "EUR", ""],
    ["paypal", "JPY", "10.50"],
    ["paypal", "EUR", "9999999999999999.99"],
    ["paypal", "XXX", "1.00"],
  ] as const)("%s %s %j is no amount of ours", (provider, currency, amount) => {
    expect(fromProviderAmount(provider, currency, amount)).toBeNull();
  });

  test("a text of a currency without decimals may still end in zeros", () => {
    expect(fromProviderAmount("paypal", "JPY", "500.00")).toBe(500);
    expect(fromProviderAmount("paypal", "HUF", "123.00")).toBe(12_300);
    expect(fromProviderAmount("paypal", "EUR", "7")).toBe(700);
    expect(fromProviderAmount("paypal", "EUR", "7.5")).toBe(750);
  });
});

describe("splitting", () => {
  const weights = fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 40 });
  const wholes = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });

  test.prop([wholes, weights])("the parts are whole and sum to the whole", (whole, lines) => {
    const parts = splitByLargestRemainder(whole, lines);
    expect(parts).toHaveLength(lines.length);
    expect(parts.every(isAmount)).toBe(true);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(whole);
  });

  test.prop([wholes, weights])(
    "nobody is more than one unit away from the exact share, and nothing goes to a line of no weight",
    (whole, lines) => {
      const sum = lines.reduce((total, weight) => total + weight, 0);
      fc.pre(sum > 0);
      for (const [line, part] of splitByLargestRemainder(whole, lines).entries()) {
        // |part - whole * weight / sum| < 1, without a division
        const off = BigInt(part) * BigInt(sum) - BigInt(whole) * BigInt(lines[line] ?? 0);
        expect(off < BigInt(sum) && off > -BigInt(sum)).toBe(true);
        if (lines[line] === 0) expect(part).toBe(0);
      }
    },
  );

  test.prop([wholes, weights])(
    "a heavier line never gets less, and of two equal lines the earlier never gets less",
    (whole, lines) => {
      const parts = splitByLargestRemainder(Math.abs(whole), lines);
      for (let b = 1; b < lines.length; b++) {
        const [lighter, heavier] = (lines[b] ?? 0) > (lines[b - 1] ?? 0) ? [b - 1, b] : [b, b - 1];
        expect(parts[heavier]! >= parts[lighter]!).toBe(true);
      }
    },
  );

  test.prop([wholes, weights])("a credit is split like the charge it takes back", (whole, lines) => {
    expect(splitByLargestRemainder(-whole, lines)).toEqual(
      splitByLargestRemainder(whole, lines).map((part) => (part === 0 ? 0 : -part)),
    );
  });

  test.each([
    [100, [1, 1, 1], [34, 33, 33]],
    [5, [3, 3, 1], [2, 2, 1]],
    [2, [1, 1, 1], [1, 1, 0]],
    [1, [1, 2], [0, 1]],
    [10, [0, 0], [5, 5]],
    [3, [0, 0], [2, 1]],
    [-100, [1, 1, 1], [-34, -33, -33]],
    [0, [5, 5], [0, 0]],
    [0, [], []],
    [Number.MAX_SAFE_INTEGER, [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER], [4_503_599_627_370_496, 4_503_599_627_370_495]],
  ])("%i over %j is %j", (whole, lines, parts) => {
    expect(splitByLargestRemainder(whole, lines)).toEqual(parts);
  });

  test("what cannot be split is refused", () => {
    expect(() => splitByLargestRemainder(1, [])).toThrow(RangeError);
    expect(() => splitByLargestRemainder(1.5, [1])).toThrow(RangeError);
    expect(() => splitByLargestRemainder(1, [-1, 2])).toThrow(RangeError);
    expect(() => splitByLargestRemainder(1, [0.5])).toThrow(RangeError);
  });
});

describe("a percentage", () => {
  test.prop([fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), fc.nat(1_000_000)])(
    "is exact, and rounded half away from zero",
    (amount, tenThousandths) => {
      const text = `${Math.floor(tenThousandths / 10_000)}.${String(tenThousandths % 10_000).padStart(4, "0")}`;
      const exact = BigInt(amount) * BigInt(tenThousandths); // in millionths
      const got = BigInt(percentOf(amount, text)) * 1_000_000n;
      const off = got - exact;
      // nearest: at most half away; and where it is exactly half, on the far side of the exact value
      expect(off <= 500_000n && off >= -500_000n).toBe(true);
      if (off === 500_000n || off === -500_000n) expect(off > 0n).toBe(amount > 0);
    },
  );

  test.prop([fc.nat(10_000_000), fc.nat(1_000_000)])("of a credit is the credit of the percentage", (amount, tenThousandths) => {
    const text = (tenThousandths / 10_000).toFixed(4);
    const of = percentOf(amount, text);
    expect(percentOf(-amount, text)).toBe(of === 0 ? 0 : -of);
  });

  test.each([
    [1000, 10, 100],
    [1000, "12.5", 125],
    [5, 10, 1],
    [4, 10, 0],
    [-5, 10, -1],
    [105, "50", 53],
    [1, "0.0001", 0],
    [999, 100, 999],
    [115, 0.3, 0],
    [Number.MAX_SAFE_INTEGER, 100, Number.MAX_SAFE_INTEGER],
  ])("of %i, %s percent are %i", (amount, percent, result) => {
    expect(percentOf(amount, percent)).toBe(result);
  });

  test.each(["-1", "1.00001", "1e2", "", ".5", "5.", " 5", "abc", Number.NaN, Number.POSITIVE_INFINITY, -0.5, 1e-7])(
    "%s is none",
    (percent) => {
      expect(parsePercent(percent)).toBeNull();
      expect(() => percentOf(100, percent)).toThrow(RangeError);
    },
  );

  test("what leaves the safe integers is refused, not rounded", () => {
    expect(() => percentOf(Number.MAX_SAFE_INTEGER, 101)).toThrow(RangeError);
    expect(() => percentOf(0.5, 10)).toThrow(RangeError);
    expect(() => roundedQuotient(1n, 0n)).toThrow(RangeError);
    expect(roundedQuotient(-7n, 2n)).toBe(-4);
    expect(roundedQuotient(-7n, 1n)).toBe(-7);
  });
});

test.each([
  ["EUR", 0, "0.00"],
  ["EUR", -5, "-0.05"],
  ["EUR", 123_456, "1234.56"],
  ["JPY", 7, "7"],
  ["KWD", 1, "0.001"],
])("%s %i reads %s", (currency, amount, text) => {
  expect(decimalAmount(currency, amount)).toBe(text);
});
