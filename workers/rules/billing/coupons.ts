import { isAmount, isCurrency, parsePercent, percentOf, splitByLargestRemainder } from "../money.ts";
import { addDuration } from "../time.ts";

/** For how long a coupon lowers a subscription's invoices: the first of them, those of so many months, or all. */
export const COUPON_DURATIONS = ["once", "repeating", "forever"] as const;
export type CouponDuration = (typeof COUPON_DURATIONS)[number];

/** What a coupon takes off, and of what. Either `percent` or `amount`. Empty lists restrict nothing. */
export type CouponTerms = {
  id: string;
  /** at most 4 decimals, above 0 up to 100 */
  percent: string | null;
  /** minor units of `currency` */
  amount: number | null;
  currency: string | null;
  duration: CouponDuration;
  durationMonths: number | null;
  productIds: readonly string[];
  priceIds: readonly string[];
};

/** A coupon as it stands, for the question whether it may be redeemed. */
export type Coupon = CouponTerms & {
  maxRedemptions: number | null;
  redemptions: number;
  oncePerCustomer: boolean;
  redeemBy: Date | null;
  archivedAt: Date | null;
};

/** A line to be discounted: `amount` is what it costs before coupons, in minor units. What is given back (below zero) is never discounted. */
export type DiscountableLine = { amount: number; productId: string | null; priceId: string | null };

/** Why a coupon cannot be made. `pointer` is a JSON pointer into it as the wire spells it. */
export type CouponRefused = {
  code:
    | "percent_or_amount"
    | "invalid_percent"
    | "invalid_amount"
    | "currency_required"
    | "unknown_currency"
    | "invalid_duration";
  pointer: string;
  detail: string;
};

/** Why somebody may not redeem a coupon. */
export type RedemptionRefused = {
  code:
    | "coupon_archived"
    | "coupon_expired"
    | "coupon_exhausted"
    | "coupon_currency"
    | "coupon_not_applicable"
    | "coupon_already_redeemed"
    | "coupon_already_applied";
  detail: string;
};

/** Coupons that may lower one order or subscription at a time. */
export const MAX_COUPONS = 10;

/** Null where these are the terms of a coupon. */
export function whyNotCoupon(terms: Omit<CouponTerms, "id">): CouponRefused | null {
  const { percent, amount, currency, duration, durationMonths } = terms;
  if ((percent === null) === (amount === null))
    return bad("percent_or_amount", "/percent", "A coupon takes off either a percentage or an amount.");
  if (percent !== null) {
    const parsed = parsePercent(percent);
    if (parsed === null || parsed === 0n || parsed > 1_000_000n)
      return bad("invalid_percent", "/percent", "The percentage is above 0 and at most 100, with at most 4 decimals.");
    if (currency !== null) return bad("currency_required", "/currency", "A percentage is of any currency.");
  }
  if (amount !== null) {
    if (!isAmount(amount) || amount < 1)
      return bad("invalid_amount", "/amount", "The amount is a whole number of minor units from 1.");
    if (currency === null) return bad("currency_required", "/currency", "An amount has a currency.");
    if (!isCurrency(currency)) return bad("unknown_currency", "/currency", `${currency} is not a currency of ISO 4217.`);
  }
  const months = durationMonths ?? 0;
  if (duration === "repeating" ? !(Number.isInteger(months) && months >= 1 && months <= 120) : durationMonths !== null)
    return bad("invalid_duration", "/duration_months", "A repeating coupon, and no other, says for how many months: 1 to 120.");
  return null;
}

/** What a redemption is for: when, by whom, and what is bought. */
export type Redemption = {
  at: Date;
  currency: string;
  lines: readonly DiscountableLine[];
  /** whether this customer has redeemed it before, for something else */
  redeemedBefore: boolean;
  /** coupons that lower the same thing already */
  applied: readonly string[];
};

/** Null where the coupon may be redeemed. Whether the last redemption is still free is for the database to decide. */
export function whyNotRedeem(
  coupon: Coupon,
  { at, currency, lines, redeemedBefore, applied }: Redemption,
): RedemptionRefused | null {
  if (applied.includes(coupon.id)) return no("coupon_already_applied", "The coupon lowers this already.");
  if (coupon.archivedAt !== null) return no("coupon_archived", "The coupon was withdrawn.");
  // half-open, like every interval: at the instant itself it is over
  if (coupon.redeemBy !== null && at >= coupon.redeemBy)
    return no("coupon_expired", `The coupon could be redeemed before ${coupon.redeemBy.toISOString()}.`);
  if (coupon.maxRedemptions !== null && coupon.redemptions >= coupon.maxRedemptions)
    return no("coupon_exhausted", `The coupon was redeemed ${coupon.redemptions} times, which is as often as it may be.`);
  if (coupon.oncePerCustomer && redeemedBefore)
    return no("coupon_already_redeemed", "This customer has redeemed the coupon, and may do so once.");
  if (coupon.amount !== null && coupon.currency !== currency)
    return no("coupon_currency", `The coupon takes off ${coupon.currency}, and this is in ${currency}.`);
  if (!lines.some((line) => isEligible(coupon, line)))
    return no("coupon_not_applicable", "The coupon is for other products or prices.");
  return null;
}

/** What coupons take off: of each line, and by which coupon. Both sum to `total`. */
export type Discounts = { lines: number[]; coupons: { couponId: string; amount: number }[]; total: number };

/**
 * What coupons take off these lines. Percentages come before amounts, each kind in the order given, and each coupon takes from what those
 * before it have left: nothing goes below zero. A percentage is rounded once, half away from zero, over all lines that it is for; what a
 * coupon takes off is split over these by largest remainder. A coupon of another currency takes nothing.
 * Throws RangeError on an amount that is none, or a percentage that is none.
 */
export function discountsOf(lines: readonly DiscountableLine[], coupons: readonly CouponTerms[], currency: string): Discounts {
  const left = lines.map(({ amount }) => {
    if (!isAmount(amount)) throw new RangeError(`Not an amount: ${amount}`);
    return Math.max(amount, 0);
  });
  const ordered = [...coupons.filter(({ percent }) => percent !== null), ...coupons.filter(({ percent }) => percent === null)];
  const taken = ordered.map((coupon) => {
    const weights = lines.map((line, index) => (isEligible(coupon, line) ? (left[index] ?? 0) : 0));
    const amount = takenOff(coupon, weights, currency);
    for (const [index, part] of splitAmong(amount, weights).entries()) left[index] = (left[index] ?? 0) - part;
    return { couponId: coupon.id, amount };
  });
  const perLine = lines.map(({ amount }, index) => Math.max(amount, 0) - (left[index] ?? 0));
  return { lines: perLine, coupons: taken, total: taken.reduce((sum, { amount }) => sum + amount, 0) };
}

/** A coupon as a subscription holds it. `endsAt` null: it goes on until it is used (`once`) or forever. */
export type HeldCoupon = { couponId: string; startedAt: string; endsAt: string | null };

/** The coupon held from `at` on; a repeating one ends so many months later, by the calendar of `zone`. */
export function holdCoupon({ id, duration, durationMonths }: CouponTerms, at: Date, zone: string): HeldCoupon {
  const ends = duration === "repeating" ? addDuration(at, `P${durationMonths ?? 0}M`, zone).toISOString() : null;
  return { couponId: id, startedAt: at.toISOString(), endsAt: ends };
}

/** Whether a held coupon lowers the invoice of a period that begins then. */
export function isCouponInForce({ startedAt, endsAt }: HeldCoupon, periodStartAt: Date): boolean {
  return periodStartAt >= new Date(startedAt) && (endsAt === null || periodStartAt < new Date(endsAt));
}

/**
 * What is still held after the invoice of the period that began at `periodStartAt`: without `once` coupons that lowered it, and without those
 * whose time is over. `durationOf` tells each coupon's duration.
 */
export function couponsAfterInvoice(
  held: readonly HeldCoupon[],
  periodStartAt: Date,
  durationOf: (couponId: string) => CouponDuration,
): HeldCoupon[] {
  return held.filter((coupon) => {
    if (coupon.endsAt !== null && periodStartAt >= new Date(coupon.endsAt)) return false;
    return durationOf(coupon.couponId) !== "once" || !isCouponInForce(coupon, periodStartAt);
  });
}

function isEligible({ productIds, priceIds }: CouponTerms, { amount, productId, priceId }: DiscountableLine): boolean {
  if (amount < 0) return false;
  const named = (ids: readonly string[], id: string | null) => ids.length === 0 || (id !== null && ids.includes(id));
  return named(productIds, productId) && named(priceIds, priceId);
}

function takenOff({ percent, amount, currency: of }: CouponTerms, weights: readonly number[], currency: string): number {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  if (percent !== null) return Math.min(percentOf(whole, percent), whole);
  return of === currency ? Math.min(amount ?? 0, whole) : 0;
}

/** By largest remainder; where there is nothing to weigh there is nothing to take. */
function splitAmong(amount: number, weights: readonly number[]): number[] {
  return amount === 0 ? weights.map(() => 0) : splitByLargestRemainder(amount, weights);
}

function no(code: RedemptionRefused["code"], detail: string): RedemptionRefused {
  return { code, detail };
}

function bad(code: CouponRefused["code"], pointer: string, detail: string): CouponRefused {
  return { code, pointer, detail };
}
