import { type CouponTerms, type HeldCoupon, discountsOf, isCouponInForce } from "../billing/coupons.ts";
import type { Span } from "../billing/periods.ts";
import { priceQuantity } from "../billing/pricing.ts";
import {
  type BilledLine,
  type ProrationConvention,
  type UntaxedLine,
  prorationCharge,
  prorationCredit,
} from "../billing/proration.ts";
import { isoInstant } from "../iso.ts";
import { splitByLargestRemainder } from "../money.ts";
import type { SubscriptionItem } from "./subscription-items.ts";
import { type SubscribedPrice, type SubscriptionState, priceKey } from "./subscriptions.ts";

/** What is known when a subscription is planned for; the same facts make the same plan, to the byte. */
export type Planning = {
  /** business time */
  at: Date;
  prorationBy: ProrationConvention;
  /** by `priceKey`: of the items that there are and of those that are asked for or scheduled */
  prices: ReadonlyMap<string, SubscribedPrice>;
  /** by item: the line that `billed` of the item names */
  billed: ReadonlyMap<string, BilledLine>;
  /** by id: of the coupons that the subscription has or gets */
  coupons: ReadonlyMap<string, CouponTerms>;
  /** by item: units used in the running period, of metered prices */
  usage: ReadonlyMap<string, number>;
};

/** The items of a subscription before and after a change, by what becomes of them. */
export type ItemChanges = {
  kept: SubscriptionItem[];
  /** `before` null: new; `after` null: removed */
  changed: { before: SubscriptionItem | null; after: SubscriptionItem | null }[];
};

/** The price of an item. Throws RangeError where the caller did not bring it. */
export function priceOfItem(item: Pick<SubscriptionItem, "priceId" | "priceRev">, { prices }: Planning): SubscribedPrice {
  const price = prices.get(priceKey(item));
  if (!price) throw new RangeError(`No price ${priceKey(item)}`);
  return price;
}

/** Whether an item is billed by what is used of it, in arrears, and not by its quantity, in advance. */
export function isMetered(item: SubscriptionItem, planning: Planning): boolean {
  return priceOfItem(item, planning).terms.meteredFeatureId !== null;
}

/** What a whole period of the items costs in advance, before any coupon. Metered ones have no line. */
export function advanceLines(items: readonly SubscriptionItem[], period: Span, planning: Planning): UntaxedLine[] {
  return items.filter((item) => !isMetered(item, planning)).map((item) => lineOf(item, item.quantity, period, planning));
}

/** What was used of metered items in a period that is over, before any coupon. What came to nothing has no line. */
export function usageLines(items: readonly SubscriptionItem[], period: Span, planning: Planning): UntaxedLine[] {
  return items
    .filter((item) => isMetered(item, planning))
    .map((item) => lineOf(item, planning.usage.get(item.id) ?? 0, period, planning))
    .filter(({ quantity, amount }) => quantity > 0 || amount > 0);
}

/** The coupons that are in force at an instant. */
export function couponsAt(coupons: readonly HeldCoupon[], at: Date): HeldCoupon[] {
  return coupons.filter((coupon) => isCouponInForce(coupon, at));
}

/** The lines with what the coupons take off. */
export function discounted(
  lines: readonly UntaxedLine[],
  { currency, coupons }: Pick<SubscriptionState, "currency" | "coupons">,
  at: Date,
  planning: Planning,
): UntaxedLine[] {
  const discounts = discountsOf(lines, termsOf(couponsAt(coupons, at), planning), currency).lines;
  return lines.map((line, index) => {
    const discount = discounts[index] ?? 0;
    return { ...line, discount, net: line.amount - discount };
  });
}

/**
 * Credits and charges of a change at `at` within `period`, whose price for the whole is charged for `whole`: what an item was billed comes back
 * for what is left, and what it is now is charged for that. What stays as it was has no line.
 */
export function changeLines(
  state: SubscriptionState,
  { kept, changed }: ItemChanges,
  whole: Span,
  at: Date,
  planning: Planning,
): UntaxedLine[] {
  const rule = { by: planning.prorationBy, zone: state.timeZone };
  const after = changed.flatMap((change) => (change.after === null ? [] : [change.after]));
  const charges = fullChargesOf(state, kept, after, whole, planning).map((line) => prorationCharge(line, whole, at, rule));
  return changed.flatMap(({ before, after }) => {
    const credits = before === null ? [] : creditsOf(state, [before], at, planning);
    return [...credits, ...charges.filter(({ subscriptionItemId }) => subscriptionItemId === after?.id)];
  });
}

/** What comes back of the items for the time after `at`. What was never billed, or metered, gives nothing back. */
export function creditsOf(
  state: SubscriptionState,
  items: readonly SubscriptionItem[],
  at: Date,
  planning: Planning,
): UntaxedLine[] {
  const rule = { by: planning.prorationBy, zone: state.timeZone };
  return items.flatMap((item) => {
    const billed = isMetered(item, planning) ? null : billedLine(state, item, planning);
    return billed === null ? [] : [prorationCredit(billed, at, rule)];
  });
}

/**
 * The whole lines of what is changed, after coupons. A deduction of an amount is for the whole subscription: the changed items get what of it
 * the others do not have already.
 */
function fullChargesOf(
  state: SubscriptionState,
  kept: readonly SubscriptionItem[],
  after: readonly SubscriptionItem[],
  whole: Span,
  planning: Planning,
): UntaxedLine[] {
  const all = discounted(advanceLines([...kept, ...after], whole, planning), state, planning.at, planning);
  const isAfter = ({ subscriptionItemId }: UntaxedLine) => after.some(({ id }) => id === subscriptionItemId);
  const charges = all.filter(isAfter);
  if (termsOf(couponsAt(state.coupons, planning.at), planning).every(({ amount }) => amount === null)) return charges;

  const total = sumOf(all.map(({ discount }) => discount));
  const had = sumOf(kept.map((item) => discountHad(state, item, whole, planning)));
  const mine = charges.map(({ discount }) => discount);
  const left = Math.min(Math.max(total - had, 0), sumOf(charges.map(({ amount }) => amount)));
  const split = charges.length === 0 ? [] : splitByLargestRemainder(left, mine);
  return charges.map((line, index) => {
    const discount = Math.min(split[index] ?? 0, line.amount);
    return { ...line, discount, net: line.amount - discount };
  });
}

/** What was taken off the price of a whole period of an item when it was billed. */
function discountHad(state: SubscriptionState, item: SubscriptionItem, whole: Span, planning: Planning): number {
  if (isMetered(item, planning)) return 0;
  const billed = billedLine(state, item, planning);
  if (billed === null) return 0;
  const { line } = billed;
  // a charge for the rest of a period has its discount within what the part was taken of
  if (line.derivation.kind !== "proration") return line.discount;
  return Math.max(lineOf(item, item.quantity, whole, planning).amount - line.derivation.fullAmount, 0);
}

/** The line that an item was billed on for the time that runs: one that still waits for its invoice is the newer one. */
function billedLine({ pendingLines }: SubscriptionState, item: SubscriptionItem, { billed }: Planning): BilledLine | null {
  const pending = pendingLines.findLast(
    ({ subscriptionItemId, derivation }) =>
      subscriptionItemId === item.id && derivation.kind === "proration" && derivation.of === "charge",
  );
  if (pending) return { on: null, line: pending, credited: 0 };
  if (item.billed === null) return null;
  const line = billed.get(item.id);
  if (!line) throw new RangeError(`The line that billed ${item.id} is not known`);
  return line;
}

function lineOf(item: SubscriptionItem, quantity: number, period: Span, planning: Planning): UntaxedLine {
  const price = priceOfItem(item, planning);
  const { amount, unitAmount, derivation } = priceQuantity(price.terms, quantity);
  return {
    description: price.description,
    quantity,
    unitAmount,
    amount,
    discount: 0,
    net: amount,
    tax: null,
    priceId: item.priceId,
    priceRev: item.priceRev,
    productId: price.productId,
    subscriptionItemId: item.id,
    periodStartAt: isoInstant(period.startsAt),
    periodEndAt: isoInstant(period.endsAt),
    derivation,
    creditsLine: null,
  };
}

function termsOf(coupons: readonly HeldCoupon[], planning: Planning): CouponTerms[] {
  return coupons.map(({ couponId }) => {
    const terms = planning.coupons.get(couponId);
    if (!terms) throw new RangeError(`No coupon ${couponId}`);
    return terms;
  });
}

function sumOf(amounts: readonly number[]): number {
  return amounts.reduce((sum, amount) => sum + amount, 0);
}
