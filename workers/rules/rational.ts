import { roundedQuotient } from "./money.ts";

/** An exact fraction in lowest terms: `d` is positive, zero is 0/1. Money is reckoned in these and rounded once, at the end. */
export type Rational = { n: bigint; d: bigint };

/** A fraction as JSON: both numbers as decimal texts, for JSON's own lose digits. */
export type RationalJson = { n: string; d: string };

export const ZERO: Rational = { n: 0n, d: 1n };
export const ONE: Rational = { n: 1n, d: 1n };

/** `n / d` in lowest terms. Throws RangeError on a denominator of zero. */
export function ratio(n: bigint, d: bigint): Rational {
  if (d === 0n) throw new RangeError("A fraction of zero parts");
  const divisor = greatestCommonDivisor(n, d);
  return d < 0n ? { n: -n / divisor, d: -d / divisor } : { n: n / divisor, d: d / divisor };
}

/**
 * A whole number, or a decimal text (`"0.0125"`, `"-3"`) exactly as it is written. Throws RangeError on anything else: a number with a
 * fraction has lost digits before it came here.
 */
export function toRational(value: bigint | number | string): Rational {
  if (typeof value === "bigint") return { n: value, d: 1n };
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new RangeError(`Not a whole number: ${value}`);
    return { n: BigInt(value), d: 1n };
  }
  const match = /^(-?)(\d{1,30})(?:\.(\d{1,30}))?$/.exec(value);
  if (!match) throw new RangeError(`Not a decimal number: ${value}`);
  const [, sign, whole = "", fraction = ""] = match;
  const size = BigInt(whole + fraction);
  return ratio(sign === "-" ? -size : size, 10n ** BigInt(fraction.length));
}

/** `a + b`. */
export function add(a: Rational, b: Rational): Rational {
  return ratio(a.n * b.d + b.n * a.d, a.d * b.d);
}

/** `a - b`. */
export function sub(a: Rational, b: Rational): Rational {
  return ratio(a.n * b.d - b.n * a.d, a.d * b.d);
}

/** `a × b`. */
export function mul(a: Rational, b: Rational): Rational {
  return ratio(a.n * b.n, a.d * b.d);
}

/** `a ÷ b`. Throws RangeError where `b` is zero. */
export function div(a: Rational, b: Rational): Rational {
  return ratio(a.n * b.d, a.d * b.n);
}

/** Below zero where `a < b`, zero where they are equal, above where `a > b`: for sorting. */
export function compare(a: Rational, b: Rational): -1 | 0 | 1 {
  const left = a.n * b.d;
  const right = b.n * a.d;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** The sum of all; zero of none. */
export function sum(values: readonly Rational[]): Rational {
  return values.reduce(add, ZERO);
}

/** In whole minor units, half away from zero. Throws RangeError beyond 2^53. */
export function roundHalfAwayFromZero(value: Rational): number {
  return roundedQuotient(value.n, value.d);
}

/** What is left when the fraction is cut off: 7/2 is 3, -7/2 is -3. */
export function truncate(value: Rational): bigint {
  return value.n / value.d;
}

/** The fraction as JSON. */
export function writeRational({ n, d }: Rational): RationalJson {
  return { n: String(n), d: String(d) };
}

/** A fraction from JSON. Throws RangeError where there are no two whole numbers, or the lower is zero. */
export function readRational({ n, d }: RationalJson): Rational {
  if (![n, d].every((text) => /^-?\d{1,400}$/.test(text))) throw new RangeError(`Not a fraction: ${n}/${d}`);
  return ratio(BigInt(n), BigInt(d));
}

/** As a decimal text without useless zeros (`"0.0125"`); null where it has none that ends, as 1/3. */
export function decimalOf(value: Rational): string | null {
  let scaled = value;
  let places = 0;
  // each factor 2 or 5 of the denominator costs a place; any other never goes away
  for (; scaled.d !== 1n; places++) {
    if (scaled.d % 2n !== 0n && scaled.d % 5n !== 0n) return null;
    scaled = mul(scaled, { n: 10n, d: 1n });
  }
  const digits = (scaled.n < 0n ? -scaled.n : scaled.n).toString().padStart(places + 1, "0");
  const sign = scaled.n < 0n ? "-" : "";
  return places === 0 ? sign + digits : `${sign}${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
