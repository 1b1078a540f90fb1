import { decimalsOf } from "../money.ts";
import {
  ONE,
  type Rational,
  ZERO,
  add,
  compare,
  div,
  mul,
  ratio,
  roundHalfAwayFromZero,
  sub,
  sum,
  toRational,
} from "../rational.ts";
import type { SubscribedPrice, SubscriptionState } from "../sales/subscriptions.ts";
import { priceKey } from "../sales/subscriptions.ts";
import { type CouponTerms, discountsOf, isCouponInForce } from "./coupons.ts";
import { rateOf, roundToSum } from "./documents.ts";
import type { BillingInterval } from "./periods.ts";
import { priceQuantity } from "./pricing.ts";

/** 400 years have 146,097 days and 4,800 months: a month has 30.436875 days on average. */
const DAYS_A_MONTH = ratio(146_097n, 4_800n);

/** How many intervals an average month has. */
const INTERVALS_A_MONTH: Record<BillingInterval, Rational> = {
  day: DAYS_A_MONTH,
  week: div(DAYS_A_MONTH, toRational(7)),
  month: ONE,
  year: ratio(1n, 12n),
};

/** What the monthly amount of a subscription depends on. */
export type RecurringTerms = Pick<SubscriptionState, "status" | "currency" | "items" | "coupons" | "interval" | "intervalCount">;

/** What is known beside it. `taxRate` (percent) is what its prices hold where they are inclusive; nothing is taken out where it is null. */
export type RecurringFacts = {
  at: Date;
  prices: ReadonlyMap<string, SubscribedPrice>;
  coupons: ReadonlyMap<string, CouponTerms>;
  taxRate: string | null;
};

/**
 * What a subscription brings in an average month, exactly, in minor units of its currency: what a period of its items costs, after the coupons
 * that recur (those for a single invoice do not), without tax and without what is metered, by how many periods a month has: yearly / 12, weeks
 * and days by a month of 30.436875 days. Nothing unless it is active or past due: trials and pauses bring nothing.
 */
export function monthlyAmount(subscription: RecurringTerms, { at, prices, coupons, taxRate }: RecurringFacts): Rational {
  const { status, currency, items, interval, intervalCount } = subscription;
  if (status !== "active" && status !== "past_due") return ZERO;
  const lines = items.flatMap((item) => {
    const price = prices.get(priceKey(item));
    if (!price) throw new RangeError(`No price ${priceKey(item)}`);
    if (price.terms.meteredFeatureId !== null) return [];
    const { amount } = priceQuantity(price.terms, item.quantity);
    return [{ amount, productId: price.productId, priceId: item.priceId, isInclusive: price.terms.taxBehavior === "inclusive" }];
  });
  const recurring = subscription.coupons
    .filter((held) => isCouponInForce(held, at))
    .flatMap(({ couponId }) => coupons.get(couponId) ?? [])
    .filter(({ duration }) => duration !== "once");
  const off = discountsOf(lines, recurring, currency).lines;
  const nets = lines.map(({ amount, isInclusive }, index) => {
    const net = toRational(amount - (off[index] ?? 0));
    return isInclusive && taxRate !== null ? div(net, add(ONE, rateOf(taxRate))) : net;
  });
  return div(mul(sum(nets), INTERVALS_A_MONTH[interval]), toRational(intervalCount));
}

/** From what to what the recurring revenue of one customer (or subscription) went in a month, in minor units of its currency. */
export type RevenueChange = {
  currency: string;
  before: Rational;
  after: Rational;
  /** whether it ever brought anything before the month */
  hadBefore: boolean;
};

/** What one unit (not minor unit) of a currency is worth in the currency of the report, when the month began and when it ended: decimal texts. */
export type DatedRate = { start: string; end: string };

/** Why recurring revenue changed; all are >= 0 but `fx`, which has the sign of its effect. */
export const MOVEMENTS = ["new", "expansion", "reactivation", "contraction", "churn", "fx"] as const;
export type Movement = (typeof MOVEMENTS)[number];

/** Exact: start + new + expansion + reactivation - contraction - churn + fx = end. */
export type RevenueMovements = { start: Rational; end: Rational } & Record<Movement, Rational>;

/**
 * The movements of recurring revenue, in minor units of `currency`. What changed is worth what it is at the end of the month, and what a changed
 * rate did to what there was is `fx`. Throws RangeError on an amount in another currency without a dated rate: currencies are not added.
 */
export function movementsOf(
  changes: readonly RevenueChange[],
  currency: string,
  rates: ReadonlyMap<string, DatedRate>,
): RevenueMovements {
  const result: RevenueMovements = {
    start: ZERO,
    end: ZERO,
    new: ZERO,
    expansion: ZERO,
    reactivation: ZERO,
    contraction: ZERO,
    churn: ZERO,
    fx: ZERO,
  };
  for (const change of changes) {
    const { start, end } = worthOf(change.currency, currency, rates);
    result.start = add(result.start, mul(change.before, start));
    result.end = add(result.end, mul(change.after, end));
    result.fx = add(result.fx, mul(change.before, sub(end, start)));
    const movement = movementOf(change);
    if (movement === null) continue;
    const difference = mul(sub(change.after, change.before), end);
    const size = difference.n < 0n ? sub(ZERO, difference) : difference;
    result[movement] = add(result[movement], size);
  }
  return result;
}

/** Whole minor units, as they are shown: `start` and `end` rounded, and movements that lead from one to the other by largest remainder. */
export function shownMovements(exact: RevenueMovements): { start: number; end: number } & Record<Movement, number> {
  const start = roundHalfAwayFromZero(exact.start);
  const end = roundHalfAwayFromZero(exact.end);
  const signed = MOVEMENTS.map((movement) => (LOWERS.has(movement) ? sub(ZERO, exact[movement]) : exact[movement]));
  const shown = roundToSum(end - start, signed);
  const size = (movement: Movement) => Math.abs(shown[MOVEMENTS.indexOf(movement)] ?? 0);
  return {
    start,
    end,
    new: size("new"),
    expansion: size("expansion"),
    reactivation: size("reactivation"),
    contraction: size("contraction"),
    churn: size("churn"),
    fx: shown[MOVEMENTS.indexOf("fx")] ?? 0,
  };
}

const LOWERS: ReadonlySet<Movement> = new Set(["contraction", "churn"]);

function movementOf({ before, after, hadBefore }: RevenueChange): Exclude<Movement, "fx"> | null {
  const direction = compare(after, before);
  if (direction === 0) return null;
  if (before.n === 0n) return hadBefore ? "reactivation" : "new";
  if (after.n === 0n) return "churn";
  return direction > 0 ? "expansion" : "contraction";
}

/** What one minor unit of `from` is in minor units of `to`. */
function worthOf(from: string, to: string, rates: ReadonlyMap<string, DatedRate>): { start: Rational; end: Rational } {
  if (from === to) return { start: ONE, end: ONE };
  const rate = rates.get(from);
  if (!rate) throw new RangeError(`No dated rate from ${from} to ${to}`);
  const scale = div(toRational(10n ** BigInt(decimalsOf(to))), toRational(10n ** BigInt(decimalsOf(from))));
  return { start: mul(toRational(rate.start), scale), end: mul(toRational(rate.end), scale) };
}
