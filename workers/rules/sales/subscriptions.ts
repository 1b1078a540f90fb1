import type { HeldCoupon } from "../billing/coupons.ts";
import type { TaxBehavior } from "../billing/documents.ts";
import { BILLING_INTERVALS, type BillingInterval } from "../billing/periods.ts";
import type { StoredPriceTerms } from "../billing/price-terms.ts";
import type { UntaxedLine } from "../billing/proration.ts";
import { isAmount } from "../money.ts";
import type { SubscriptionItem } from "./subscription-items.ts";

export const SUBSCRIPTION_STATUSES = ["incomplete", "trialing", "active", "past_due", "paused", "canceled"] as const;
export type SubscriptionStatus = (typeof SUBSCRIPTION_STATUSES)[number];

/** When a change of items is charged: at once, with the next invoice, only from the next period on, or never for the period that runs. */
export const CHANGE_MODES = ["now", "next_invoice", "period_end", "none"] as const;
export type ChangeMode = (typeof CHANGE_MODES)[number];

/** When a cancellation takes effect. */
export const CANCEL_MODES = ["now", "period_end"] as const;
export type CancelMode = (typeof CANCEL_MODES)[number];

/**
 * What may be done to a subscription. `activate` = its first payment settled, or PayPal has its approval; `end_trial` = the paid periods begin;
 * `fall_behind` = an invoice is overdue; `catch_up` = nothing is overdue any more; `change` = other items; `renew` = the next period begins;
 * `reactivate` takes back a cancellation that is to come, and begins anew what is canceled.
 */
export type SubscriptionMove =
  | "activate"
  | "end_trial"
  | "fall_behind"
  | "catch_up"
  | "change"
  | "renew"
  | "pause"
  | "resume"
  | "cancel"
  | "reactivate";

/** From which statuses each move is possible and where it leads; `to: null` stays where it is. What is not here is refused. */
export const SUBSCRIPTION_MOVES = {
  activate: { from: ["incomplete"], to: "active" },
  end_trial: { from: ["trialing"], to: "active" },
  fall_behind: { from: ["active"], to: "past_due" },
  catch_up: { from: ["past_due"], to: "active" },
  change: { from: ["trialing", "active", "past_due"], to: null },
  renew: { from: ["active", "past_due"], to: null },
  pause: { from: ["active"], to: "paused" },
  resume: { from: ["paused"], to: "active" },
  cancel: { from: ["incomplete", "trialing", "active", "past_due", "paused"], to: "canceled" },
  reactivate: { from: ["trialing", "active", "past_due", "paused", "canceled"], to: null },
} as const satisfies Record<SubscriptionMove, { from: readonly SubscriptionStatus[]; to: SubscriptionStatus | null }>;

/** Why a move is refused. `already_done` is a repetition, which callers answer like the first time. */
export type SubscriptionRefused = {
  code:
    | "already_done"
    | "subscription_canceled"
    | "subscription_incomplete"
    | "subscription_trialing"
    | "subscription_paused"
    | "subscription_past_due"
    | "not_incomplete"
    | "not_trialing"
    | "not_paused"
    | "not_canceled"
    | "not_due"
    | "cancel_scheduled"
    | "interval_needs_now"
    | "trial_not_ahead"
    | "resume_not_ahead"
    | ItemsRefused["code"];
  detail: string;
};

/** Items as they are asked for: with an `id` of an item that there is, or of the same price as one, it is that one; else it is new. */
export type ItemAsk = { id?: string | undefined; priceId: string; priceRev: number; quantity: number };

/** What changes when the running period ends. Plain JSON, as it is stored. */
export type ScheduledChange = { items: ItemAsk[] };

/** The stored facts of a subscription that its moves and periods depend on; the names are those of its columns. */
export type SubscriptionState = {
  status: SubscriptionStatus;
  currency: string;
  taxBehavior: TaxBehavior;
  items: SubscriptionItem[];
  /** what the next invoice bills beside its period */
  pendingLines: UntaxedLine[];
  scheduled: ScheduledChange | null;
  coupons: HeldCoupon[];
  timeZone: string;
  interval: BillingInterval;
  intervalCount: number;
  billingAnchorAt: Date;
  /** which period from the anchor runs */
  periodIndex: number;
  currentPeriodStartAt: Date;
  currentPeriodEndAt: Date;
  trialStartAt: Date | null;
  trialEndAt: Date | null;
  /** a cancellation that is to come */
  cancelAt: Date | null;
  cancelReason: string | null;
  /** when it was asked for */
  canceledAt: Date | null;
  endedAt: Date | null;
  pausedAt: Date | null;
  resumeAt: Date | null;
  /** when something falls due by itself; null: nothing does */
  dueAt: Date | null;
};

/** A revision of a price, with what a line says of it. */
export type SubscribedPrice = {
  priceId: string;
  priceRev: number;
  productId: string | null;
  description: string;
  terms: StoredPriceTerms;
};

/** Under which key a map of prices has a revision. */
export function priceKey({ priceId, priceRev }: { priceId: string; priceRev: number }): string {
  return `${priceId}/${priceRev}`;
}

/** What a period of a subscription is billed under, once: periods are known by their begin, for their index starts anew with each anchor. */
export function periodKey(subscriptionId: string, startsAt: Date): string {
  return `${subscriptionId}/${Math.floor(startsAt.getTime() / 1000)}`;
}

/** Null where the subscription may make the move, else why not. */
export function whyNotMoveSubscription(
  subscription: Pick<SubscriptionState, "status" | "cancelAt">,
  move: SubscriptionMove,
): SubscriptionRefused | null {
  const { status, cancelAt } = subscription;
  const from: readonly SubscriptionStatus[] = SUBSCRIPTION_MOVES[move].from;
  if (move === "reactivate" && status !== "canceled" && status !== "incomplete" && cancelAt === null)
    return refused("not_canceled", "The subscription is not canceled, and no cancellation is to come.");
  if (from.includes(status)) {
    if (move === "pause" && cancelAt !== null)
      return refused("cancel_scheduled", "The subscription ends with its period; reactivate it first.");
    return null;
  }
  const to: SubscriptionStatus | null = SUBSCRIPTION_MOVES[move].to;
  if (status === to) return refused("already_done", `The subscription is ${to} already.`);
  return WHY_NOT[status](move);
}

/** What stands against a move that does not start at a status. */
const WHY_NOT: Record<SubscriptionStatus, (move: SubscriptionMove) => SubscriptionRefused> = {
  canceled: () => refused("subscription_canceled", "The subscription is canceled; reactivate it, or make a new one."),
  incomplete: () => refused("subscription_incomplete", "The first payment of the subscription has not settled yet."),
  trialing: (move) => {
    if (move === "resume") return notPaused;
    if (move === "activate") return notIncomplete;
    return refused("subscription_trialing", "The subscription is in its trial; end the trial first.");
  },
  paused: (move) => {
    if (move === "activate") return notIncomplete;
    if (move === "end_trial") return notTrialing;
    return refused("subscription_paused", "The subscription is paused; resume it first.");
  },
  past_due: (move) => {
    if (move === "resume") return notPaused;
    if (move === "activate") return notIncomplete;
    if (move === "end_trial") return notTrialing;
    return refused("subscription_past_due", "An invoice of the subscription is overdue; settle it first.");
  },
  active: (move) => {
    if (move === "end_trial") return notTrialing;
    return move === "resume" ? notPaused : notIncomplete;
  },
};

const notIncomplete = refused("not_incomplete", "The subscription does not wait for its first payment.");
const notTrialing = refused("not_trialing", "The subscription is not in a trial.");
const notPaused = refused("not_paused", "The subscription is not paused.");

/** Why a set of items is refused; `pointer` is a JSON pointer into the request as the wire spells it. */
export type ItemsRefused = {
  code:
    | "no_items"
    | "unknown_price"
    | "unknown_item"
    | "one_time_price"
    | "duplicate_item"
    | "invalid_quantity"
    | "mixed_intervals"
    | "currency_differs"
    | "tax_behavior_differs";
  pointer: string;
  detail: string;
};

/** What all items of a subscription share. */
export type SharedTerms = { currency: string; taxBehavior: TaxBehavior; interval: BillingInterval; intervalCount: number };

/**
 * What a set of items has in common, or why it cannot be subscribed to together: they are billed on one invoice, so currency, interval and
 * whether prices hold tax are the same for all, and as they were where the subscription exists already (`as`; the interval may change).
 */
export function sharedTerms(
  items: readonly ItemAsk[],
  prices: ReadonlyMap<string, SubscribedPrice>,
  as: Pick<SharedTerms, "currency" | "taxBehavior"> | null = null,
): ({ ok: true } & SharedTerms) | ({ ok: false } & ItemsRefused) {
  let shared: SharedTerms | null = null;
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const pointer = `/items/${index}`;
    const terms = prices.get(priceKey(item))?.terms;
    if (!terms) return no("unknown_price", `${pointer}/price_id`, "There is no such price.");
    const { currency, taxBehavior, interval, intervalCount } = terms;
    if (!isBillingInterval(interval))
      return no("one_time_price", `${pointer}/price_id`, "The price is charged once; order it instead.");
    if (!isAmount(item.quantity) || item.quantity < 1)
      return no("invalid_quantity", `${pointer}/quantity`, "The quantity is a whole number from 1.");
    if (seen.has(item.priceId)) return no("duplicate_item", pointer, "The price is an item already; raise its quantity.");
    if (item.id !== undefined && seen.has(item.id)) return no("duplicate_item", pointer, "The item is named twice.");
    seen.add(item.priceId).add(item.id ?? item.priceId);
    shared ??= { ...(as ?? { currency, taxBehavior }), interval, intervalCount };
    if (currency !== shared.currency)
      return no(
        "currency_differs",
        `${pointer}/price_id`,
        `The subscription is in ${shared.currency}, the price in ${currency}.`,
      );
    if (taxBehavior !== shared.taxBehavior)
      return no("tax_behavior_differs", `${pointer}/price_id`, "Prices with and without tax do not stand on one invoice.");
    if (interval !== shared.interval || intervalCount !== shared.intervalCount)
      return no("mixed_intervals", `${pointer}/price_id`, "All prices of a subscription are charged in the same interval.");
  }
  return shared === null ? no("no_items", "/items", "A subscription has at least one item.") : { ok: true, ...shared };
}

/** The refusal that stands for an item's: subscriptions are asked about by more than one body. */
export function refused<Code extends SubscriptionRefused["code"]>(code: Code, detail: string): { code: Code; detail: string } {
  return { code, detail };
}

function isBillingInterval(interval: StoredPriceTerms["interval"]): interval is BillingInterval {
  return BILLING_INTERVALS.some((known) => known === interval);
}

function no(code: ItemsRefused["code"], pointer: string, detail: string): { ok: false } & ItemsRefused {
  return { ok: false, code, pointer, detail };
}
