import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  add,
  compare,
  decimalOf,
  div,
  mul,
  ratio,
  readRational,
  roundHalfAwayFromZero,
  sub,
  toRational,
  truncate,
  writeRational,
} from "#rules/rational";

const fractions = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.bigInt({ min: 1n, max: 10n ** 20n }))
  .map(([n, d]) => ratio(n, d));
const zero = { n: 0n, d: 1n };

describe("exact fractions", () => {
  test.prop([fractions, fractions, fractions])("keep the laws of arithmetic", (a, b, c) => {
    expect(add(a, b)).toEqual(add(b, a));
    expect(sub(add(a, b), b)).toEqual(a);
    expect(mul(a, add(b, c))).toEqual(add(mul(a, b), mul(a, c)));
    if (b.n !== 0n) expect(mul(div(a, b), b)).toEqual(a);
    expect(compare(a, b)).toBe(Math.sign(Number(sub(a, b).n)));
    expect(sub(a, a)).toEqual(zero);
  });

  test.prop([fractions])("survive JSON", (a) => {
    expect(readRational(JSON.parse(JSON.stringify(writeRational(a))))).toEqual(a);
  });

  test.prop([fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.integer({ min: 0, max: 25 })])(
    "are read from a decimal text as it is written, and written without useless zeros",
    (digits, places) => {
      const value = ratio(digits, 10n ** BigInt(places));
      const text = decimalOf(value) ?? "";
      expect(toRational(text)).toEqual(value);
      expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
    },
  );

  test.prop([fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.integer({ min: 1, max: 1000 })])(
    "round to the nearest, a half away from zero",
    (n, d) => {
      const rounded = roundHalfAwayFromZero(ratio(BigInt(n), BigInt(d)));
      expect(2 * Math.abs(rounded * d - n)).toBeLessThanOrEqual(d);
      if (2 * Math.abs(rounded * d - n) === d) expect(Math.abs(rounded * d)).toBeGreaterThan(Math.abs(n));
      expect(Object.is(rounded, -0)).toBe(false);
    },
  );

  test("examples", () => {
    expect(ratio(6n, -4n)).toEqual({ n: -3n, d: 2n });
    expect(toRational("-0.50")).toEqual({ n: -1n, d: 2n });
    expect(["0.0125", "12", "-3.5"].map((text) => decimalOf(toRational(text)))).toEqual(["0.0125", "12", "-3.5"]);
    expect(decimalOf(ratio(1n, 3n))).toBeNull();
    expect([ratio(7n, 2n), ratio(-7n, 2n)].map(truncate)).toEqual([3n, -3n]);
    expect([ratio(5n, 2n), ratio(-5n, 2n), ratio(1n, 3n)].map(roundHalfAwayFromZero)).toEqual([3, -3, 0]);
  });

  test("what has lost digits, or is no number, is refused", () => {
    for (const bad of ["", "1e3", "1,5", ".5", "1.", " 1", "Infinity", 0.1, Number.MAX_SAFE_INTEGER + 1])
      expect(() => toRational(bad)).toThrow(RangeError);
    expect(() => ratio(1n, 0n)).toThrow(RangeError);
    expect(() => div(toRational(1), toRational(0))).toThrow(RangeError);
    expect(() => readRational({ n: "1", d: "0" })).toThrow(RangeError);
    expect(() => readRational({ n: "1.5", d: "1" })).toThrow(RangeError);
    expect(() => roundHalfAwayFromZero(toRational(10n ** 16n))).toThrow(RangeError);
  });
});
