import { isAmount, isCurrency, parsePercent } from "../money.ts";
import {
  ONE,
  type Rational,
  add,
  compare,
  div,
  mul,
  ratio,
  roundHalfAwayFromZero,
  sub,
  toRational,
  truncate,
} from "../rational.ts";

/** Whether prices are without tax, or hold it already. */
export type TaxBehavior = "exclusive" | "inclusive";

/** Why a rate is what it is (UNCL5305, as EN 16931 uses it): standard, zero, exempt, reverse charge, export, outside of scope, within the EU. */
export type TaxCategory = "S" | "Z" | "E" | "AE" | "G" | "O" | "K";

export const TAX_CATEGORIES = ["S", "Z", "E", "AE", "G", "O", "K"] as const satisfies readonly TaxCategory[];

/** How one line is taxed. */
export type LineTax = {
  category: TaxCategory;
  /** percent, at most 4 decimals: "19", "5.5" */
  rate: string;
  taxRateId: string | null;
  /** why no tax: "Reverse charge", ... */
  reason: string | null;
  /** what kind of goods it is to a tax office, by which its rate is found: "reduced", ...; absent: "standard" */
  goods?: string;
};

/** How a price makes an amount of a quantity. */
export type PriceScheme = "flat" | "per_unit" | "graduated" | "volume" | "package";

/** What one tier gave: how many of the quantity, at which price each, with which fee. Amounts as exact decimal texts in minor units. */
export type TierShare = { upTo: number | null; quantity: number; unitAmount: string; flatAmount: number; amount: string };

/** How a line came to its amount: kept with it, so that anybody can recompute it. */
export type Derivation =
  | { kind: "flat"; quantity: number; unitAmount: number }
  | { kind: "scheme"; scheme: PriceScheme; quantity: number; tiers: TierShare[]; packageSize: number | null }
  | {
      kind: "proration";
      of: "credit" | "charge";
      by: "second" | "day";
      /** by whose calendar days are counted */
      zone: string;
      periodStartAt: string;
      periodEndAt: string;
      at: string;
      part: { n: string; d: string };
      /** what the part is taken of */
      fullAmount: number;
      rounding: "half_away_from_zero";
    }
  | { kind: "manual" };

/** One line of an order, invoice or credit note. Amounts in minor units of the document's currency. */
export type DocumentLine = {
  /** "1", "2", ... within its document */
  id: string;
  description: string;
  quantity: number;
  /** decimal text in minor units, for a price each may be finer than one; null: a scheme with tiers */
  unitAmount: string | null;
  /** before discount; negative for a proration credit */
  amount: number;
  /** what is taken off the amount, toward zero: its sign follows the amount's */
  discount: number;
  /** amount - discount, in the document's behavior: with its tax where prices are inclusive */
  net: number;
  tax: LineTax;
  priceId: string | null;
  priceRev: number | null;
  productId: string | null;
  subscriptionItemId: string | null;
  periodStartAt: string | null;
  periodEndAt: string | null;
  derivation: Derivation;
  /** a proration credit: which line it gives back */
  creditsLine: { invoiceId: string; lineId: string } | null;
};

/** What is taxed alike: (category, rate, reason), summed over its lines and taxed once. */
export type TaxGroup = { category: TaxCategory; rate: string; reason: string | null; taxable: number; tax: number };

/** The sums of a document. Always: total = taxable + taxTotal + rounding. */
export type DocumentTotals = {
  /** sum of the amounts before discount, in the document's behavior */
  subtotal: number;
  discountTotal: number;
  /** sum of what is taxed, without tax: BT-109 */
  taxable: number;
  /** BT-110 */
  taxTotal: number;
  /** BT-114: what is between an inclusive price and any net with its tax, at most one unit a group */
  rounding: number;
  /** what is to be paid */
  total: number;
  groups: TaxGroup[];
};

/** Seller or buyer as a document names them. */
export type Party = {
  name: string;
  email: string | null;
  address: {
    line1: string | null;
    line2: string | null;
    city: string | null;
    postal_code: string | null;
    state: string | null;
    country: string | null;
  };
  country: string | null;
  vatId: string | null;
  /** its number in a register of companies, or at its tax office */
  registration: string | null;
};

/** What the sums need of a line. */
export type TaxedLine = Pick<DocumentLine, "amount" | "discount" | "net" | "tax">;

/**
 * The sums of a document. Net amounts are summed per (category, rate, reason), and each sum is taxed once and rounded half away from zero.
 * Where prices are inclusive, a group's net is the one whose net + tax is nearest what the customer pays (of two as near, the smaller); what
 * is left is `rounding`, and the customer pays the prices as they were. Groups stand in the order of their first line.
 * A document of negated lines has the negated sums. Throws RangeError on an unknown currency, amounts beyond 2^53, a rate that is none or above 100 %, a line whose
 * `net` is not amount - discount, or a discount that is not between zero and its amount.
 */
export function totalsOf(lines: readonly TaxedLine[], behavior: TaxBehavior, currency: string): DocumentTotals {
  if (!isCurrency(currency)) throw new RangeError(`Not a currency: ${currency}`);
  for (const line of lines) assertLine(line);
  const gathered = gather(lines);
  const groups = gathered.map(({ tax, net }) => taxedGroup(tax, net, behavior));
  const taxable = total(groups.map((group) => group.taxable));
  const taxTotal = total(groups.map((group) => group.tax));
  const net = total(lines.map((line) => line.net));
  const payable = behavior === "inclusive" ? net : total([taxable, taxTotal]);
  return {
    subtotal: total(lines.map(({ amount }) => amount)),
    discountTotal: total(lines.map(({ discount }) => discount)),
    taxable,
    taxTotal,
    rounding: total([payable, -taxable, -taxTotal]),
    total: payable,
    groups,
  };
}

/** A line with its part of the document's tax. Always: total = taxable + tax + rounding. */
export type LineShare = { taxable: number; tax: number; rounding: number; total: number };

/**
 * How the tax of each group splits back over its lines, by largest remainder: for showing it beside a line, and for crediting a line. The
 * shares of a group sum to the group, and those of all lines to the document; where prices are inclusive a line's `total` is its `net`.
 * `totals` are those of `totalsOf` for the same lines; throws RangeError where they are not.
 */
export function taxOfLines(lines: readonly TaxedLine[], totals: DocumentTotals, behavior: TaxBehavior): LineShare[] {
  const shares = new Map<TaxedLine, LineShare>();
  for (const { tax, lines: members } of gather(lines)) {
    const group = totals.groups.find((candidate) => groupKey(candidate) === groupKey(tax));
    if (!group) throw new RangeError(`The totals have no group of ${groupKey(tax)}`);
    const parts = behavior === "exclusive" ? exclusiveShares(members, group) : inclusiveShares(members, group);
    for (const [index, line] of members.entries()) shares.set(line, at(parts, index));
  }
  return lines.map((line) => shares.get(line) ?? { taxable: 0, tax: 0, rounding: 0, total: 0 });
}

/**
 * Whole units that sum to `whole`, each the exact part with its fraction cut off or one unit further from zero: the units that are missing go
 * to the largest fractions, ties to the earlier. Unlike `splitByLargestRemainder` the parts may have both signs.
 * Throws RangeError where `whole` is not the sum of the parts, rounded up or down.
 */
export function roundToSum(whole: number, parts: readonly Rational[]): number[] {
  const cut = parts.map(truncate);
  const missing = BigInt(whole) - cut.reduce((a, b) => a + b, 0n);
  const direction = missing < 0n ? -1n : 1n;
  const count = Number(missing * direction);
  const fractions = parts.map((part, index) => ({
    index,
    left: mul(sub(part, toRational(at(cut, index))), toRational(direction)),
  }));
  const chosen = fractions
    .filter(({ left }) => left.n > 0n)
    // the sort is stable: among equal fractions the earlier stays in front
    .toSorted((a, b) => compare(b.left, a.left))
    .slice(0, count);
  if (chosen.length !== count) throw new RangeError(`The parts do not sum to ${whole}`);
  const lucky = new Set(chosen.map(({ index }) => index));
  return cut.map((units, index) => Number(units + (lucky.has(index) ? direction : 0n)));
}

/** A rate in one spelling: `"19.00"` is `"19"`. Throws RangeError where it is none: negative, above 100, more than 4 decimals. */
export function canonicalRate(rate: string): string {
  const parsed = parsePercent(rate);
  if (parsed === null || parsed > 1_000_000n) throw new RangeError(`Not a rate: ${rate}`);
  const digits = String(parsed).padStart(5, "0");
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`.replace(/\.?0+$/, "");
}

/** A rate as a fraction: `"19"` is 19/100. */
export function rateOf(rate: string): Rational {
  return ratio(parsePercent(canonicalRate(rate)) ?? 0n, 1_000_000n);
}

type Gathered<Line> = { tax: LineTax; net: number; lines: Line[] };

/** Lines that are taxed alike, in the order of their first. */
function gather<Line extends TaxedLine>(lines: readonly Line[]): Gathered<Line>[] {
  const groups = new Map<string, Gathered<Line>>();
  for (const line of lines) {
    const key = groupKey(line.tax);
    const group = groups.get(key) ?? { tax: line.tax, net: 0, lines: [] };
    group.lines.push(line);
    group.net = total([group.net, line.net]);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function groupKey({ category, rate, reason }: Pick<LineTax, "category" | "rate" | "reason">): string {
  return JSON.stringify([category, canonicalRate(rate), reason]);
}

function taxedGroup({ category, rate, reason }: LineTax, net: number, behavior: TaxBehavior): TaxGroup {
  const share = rateOf(rate);
  const taxable = behavior === "exclusive" ? net : netWithin(net, share);
  return { category, rate: canonicalRate(rate), reason, taxable, tax: taxOf(taxable, share) };
}

/** The net whose net + tax is nearest the gross. Only the exact net cut off, or one unit more, can be: tax rises with the net. */
function netWithin(gross: number, rate: Rational): number {
  const size = Math.abs(gross);
  const lower = Number(truncate(div(toRational(size), add(ONE, rate))));
  const above = lower + 1;
  const net = above + taxOf(above, rate) - size < size - (lower + taxOf(lower, rate)) ? above : lower;
  return gross < 0 && net !== 0 ? -net : net;
}

function taxOf(net: number, rate: Rational): number {
  return roundHalfAwayFromZero(mul(toRational(net), rate));
}

function exclusiveShares(lines: readonly TaxedLine[], group: TaxGroup): LineShare[] {
  const rate = rateOf(group.rate);
  const taxes = roundToSum(
    group.tax,
    lines.map(({ net }) => mul(toRational(net), rate)),
  );
  return lines.map(({ net }, index) => ({ taxable: net, tax: at(taxes, index), rounding: 0, total: net + at(taxes, index) }));
}

function inclusiveShares(lines: readonly TaxedLine[], group: TaxGroup): LineShare[] {
  const divisor = add(ONE, rateOf(group.rate));
  const exact = lines.map(({ net }) => div(toRational(net), divisor));
  const taxables = roundToSum(group.taxable, exact);
  const residue = total([...lines.map(({ net }) => net), -group.taxable, -group.tax]);
  // the group's residue belongs to the line whose tax would otherwise be furthest off in its direction
  const off = exact.map((net, index) => mul(sub(net, toRational(at(taxables, index))), toRational(residue)));
  const carrier = residue === 0 ? -1 : off.reduce((best, value, index) => (compare(value, at(off, best)) > 0 ? index : best), 0);
  return lines.map(({ net }, index) => {
    const taxable = at(taxables, index);
    const rounding = index === carrier ? residue : 0;
    return { taxable, tax: net - taxable - rounding, rounding, total: net };
  });
}

function assertLine({ amount, discount, net }: TaxedLine): void {
  if (![amount, discount, net].every(isAmount)) throw new RangeError("Not an amount");
  if (net !== amount - discount) throw new RangeError("A line's net is its amount without its discount");
  if (Math.abs(discount) > Math.abs(amount) || discount * amount < 0)
    throw new RangeError("A discount goes toward zero, not beyond");
}

/** The sum, which must be an amount. Zero is never -0. */
function total(amounts: readonly number[]): number {
  const result = amounts.reduce((a, b) => a + BigInt(b), 0n);
  const number = Number(result);
  if (!isAmount(number)) throw new RangeError("The sum is beyond 2^53");
  return number;
}

function at<T>(values: readonly T[], index: number): T {
  const value = values[index];
  if (value === undefined) throw new RangeError(`Nothing at ${index}`);
  return value;
}
