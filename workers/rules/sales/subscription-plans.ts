import { type HeldCoupon, holdCoupon, isCouponInForce } from "../billing/coupons.ts";
import {
  type BillingCycle,
  type BillingPeriod,
  type Span,
  firstPeriod,
  periodAt,
  trialPeriod,
  wholeSecond,
} from "../billing/periods.ts";
import { type UntaxedLine, prorationCharge, prorationInstant } from "../billing/proration.ts";
import { isoInstant } from "../iso.ts";
import type { SubscriptionItem } from "./subscription-items.ts";
import {
  type ItemChanges,
  type Planning,
  advanceLines,
  changeLines,
  creditsOf,
  discounted,
  isMetered,
  priceOfItem,
  usageLines,
} from "./subscription-lines.ts";
import {
  type CancelMode,
  type ChangeMode,
  type ItemAsk,
  type ItemsRefused,
  type SubscriptionRefused,
  type SubscriptionState,
  priceKey,
  refused,
  sharedTerms,
  whyNotMoveSubscription,
} from "./subscriptions.ts";

/** What a plan does to the license that comes with the subscription. What is absent stays as it is. */
export type LicenseEffect = {
  /** how many seats the quantities make; null: no item is sold by the seat, and the template decides */
  seats?: number | null;
  /** what is subscribed to */
  entitlements?: { priceId: string; priceRev: number; productId: string | null; quantity: number }[];
  expiresAt?: Date;
  /** when_paid: only once the lines of the plan are settled, for nothing is fulfilled on money that is not here */
  when: "at_once" | "when_paid";
};

/** What would come of a request, or comes of it: preview and execution are the same plan. */
export type SubscriptionPlan = {
  next: SubscriptionState;
  /** what is invoiced now, credits first where they are negative; none: there is no invoice */
  lines: UntaxedLine[];
  licenseEffect: LicenseEffect;
  effectiveAt: Date;
};

/** A plan, or why there is none. */
export type Planned =
  | { ok: true; plan: SubscriptionPlan }
  | { ok: false; refused: SubscriptionRefused & Partial<Pick<ItemsRefused, "pointer">> };

/** A subscription that is asked for. */
export type StartAsk = {
  items: readonly ItemAsk[];
  timeZone: string;
  collectionMethod: "automatic" | "send_invoice";
  /** null: no trial; absent: as long as the longest that the prices come with */
  trialEndAt?: Date | null | undefined;
  /** where periods are to begin; absent: with the first one */
  billingAnchorAt?: Date | undefined;
  couponIds?: readonly string[] | undefined;
};

/**
 * A new subscription. With a trial nothing is charged before it ends; without, the first period is charged in advance, and where the anchor
 * lies ahead only the part until it. One that waits for its first payment is `incomplete`.
 */
export function planStart(ask: StartAsk, planning: Planning): Planned {
  const shared = sharedTerms(ask.items, planning.prices);
  if (!shared.ok) return refuse(shared);
  const at = wholeSecond(planning.at);
  const trialEndAt = trialEndOf(ask, at, planning);
  if (trialEndAt !== null && trialEndAt <= at) return refuse(refused("trial_not_ahead", "The trial must end later than now."));

  const paidFrom = trialEndAt ?? at;
  const { interval, intervalCount, currency, taxBehavior } = shared;
  const billingAnchorAt = wholeSecond(ask.billingAnchorAt ?? paidFrom);
  const blank: SubscriptionState = {
    status: trialEndAt === null ? "active" : "trialing",
    currency,
    taxBehavior,
    items: newItems(ask.items, at),
    pendingLines: [],
    scheduled: null,
    coupons: (ask.couponIds ?? []).map((couponId) => startCoupon(couponId, paidFrom, ask.timeZone, planning)),
    timeZone: ask.timeZone,
    interval,
    intervalCount,
    billingAnchorAt,
    periodIndex: 0,
    currentPeriodStartAt: at,
    currentPeriodEndAt: paidFrom,
    trialStartAt: trialEndAt === null ? null : at,
    trialEndAt,
    cancelAt: null,
    cancelReason: null,
    canceledAt: null,
    endedAt: null,
    pausedAt: null,
    resumeAt: null,
    dueAt: null,
  };
  if (trialEndAt !== null) return planned(blank, [], { ...grants(blank, planning), expiresAt: trialEndAt }, at);

  const { next, lines } = beginPeriod(blank, firstPeriod(cycleOf(blank), at), [], planning);
  const owes = lines.some(({ net }) => net > 0);
  const status = owes && ask.collectionMethod === "automatic" ? "incomplete" : "active";
  return planned({ ...next, status }, lines, renewed(next, lines, planning), at);
}

/** The first payment settled, or PayPal has its approval: what was bought is given, until the period ends that was charged. */
export function planActivate(state: SubscriptionState, planning: Planning): Planned {
  const no = whyNotMoveSubscription(state, "activate");
  if (no) return refuse(no);
  const effect = { ...grants(state, planning), expiresAt: state.currentPeriodEndAt };
  return planned({ ...state, status: "active" }, [], effect, wholeSecond(planning.at));
}

/**
 * Other items from `at` on, in one of the modes. Another interval begins a new period, anchored there and charged in full; what is left of the
 * old one comes back. In a trial nothing is charged, whatever the mode, but `period_end` still waits for the trial's end.
 */
export function planChange(
  state: SubscriptionState,
  change: { items: readonly ItemAsk[] },
  mode: ChangeMode,
  planning: Planning,
): Planned {
  const no = whyNotMoveSubscription(state, "change");
  if (no) return refuse(no);
  const shared = sharedTerms(change.items, planning.prices, state);
  if (!shared.ok) return refuse(shared);
  const stranger = change.items.findIndex(({ id }) => id !== undefined && !state.items.some((item) => item.id === id));
  if (stranger !== -1) {
    const detail = "The subscription has no such item.";
    return refuse({ code: "unknown_item", detail, pointer: `/items/${stranger}/id` });
  }

  const at = wholeSecond(planning.at);
  if (mode === "period_end") {
    const scheduled = { items: change.items.map((item) => ({ ...item })) };
    return planned({ ...state, scheduled }, [], { when: "at_once" }, state.currentPeriodEndAt);
  }
  const items = itemsAfter(state, change.items, at);
  const { interval, intervalCount } = shared;
  const isSameCycle = interval === state.interval && intervalCount === state.intervalCount;
  const settled = { ...state, items, scheduled: null };
  if (state.status === "trialing") {
    const next = { ...settled, interval, intervalCount };
    return planned(next, [], grants(next, planning), at);
  }
  if (!isSameCycle) return planOtherCycle(state, { ...settled, interval, intervalCount }, mode, planning);
  return planSameCycle(state, settled, mode, planning);
}

function planSameCycle(
  state: SubscriptionState,
  changed: SubscriptionState,
  mode: "now" | "next_invoice" | "none",
  planning: Planning,
): Planned {
  const at = wholeSecond(planning.at);
  const changes = changesOf(state.items, changed.items);
  // what is used of an item under one price is charged under it
  const removed = changes.changed.flatMap(({ before, after }) =>
    before !== null && (after === null || !isSamePrice(before, after)) ? [before] : [],
  );
  const used = discounted(usageLines(removed, runningPeriod(state), planning), state, at, planning);
  const prorated = mode === "none" ? [] : changeLines(state, changes, wholePeriod(state), at, planning);
  const lines = [...used, ...prorated];
  if (mode !== "now") {
    // what was never charged keeps the line that it was billed on: a later change gives back what was paid
    const items = mode === "none" ? keepBilled(state, changed.items) : changed.items;
    const next = { ...changed, items, pendingLines: [...state.pendingLines, ...lines] };
    return planned(next, [], grants(next, planning), at);
  }
  const next = { ...changed, pendingLines: [] };
  const invoiced = [...state.pendingLines, ...lines];
  const when = invoiced.reduce((sum, { net }) => sum + net, 0) > 0 ? "when_paid" : "at_once";
  return planned(next, invoiced, { ...grants(next, planning), when }, at);
}

function planOtherCycle(
  state: SubscriptionState,
  changed: SubscriptionState,
  mode: "now" | "next_invoice" | "none",
  planning: Planning,
): Planned {
  if (mode === "next_invoice") {
    const detail = "Another interval begins a new period, whose price is due at once: change now, or at the period's end.";
    return refuse(refused("interval_needs_now", detail));
  }
  const rule = { by: planning.prorationBy, zone: state.timeZone };
  const border = prorationInstant(runningPeriod(state), planning.at, rule);
  const used = usageLines(state.items, { startsAt: state.currentPeriodStartAt, endsAt: border }, planning);
  const credits = mode === "none" ? [] : creditsOf(state, state.items, border, planning);
  const anchored = { ...changed, billingAnchorAt: border, pendingLines: [] };
  const { next, lines } = beginPeriod(anchored, firstPeriod(cycleOf(anchored), border), used, planning);
  const cancelAt = state.cancelAt === null ? null : next.currentPeriodEndAt;
  const invoiced = [...state.pendingLines, ...credits, ...lines];
  return planned({ ...next, cancelAt }, invoiced, renewed(next, invoiced, planning), wholeSecond(planning.at));
}

/** Takes back a change that waits for the period's end. */
export function planUnschedule(state: SubscriptionState, planning: Planning): Planned {
  if (state.scheduled === null) return refuse(refused("already_done", "No change is scheduled."));
  return planned({ ...state, scheduled: null }, [], { when: "at_once" }, wholeSecond(planning.at));
}

/**
 * The end of a subscription: now, where `prorate` gives back what is left, and what was used and what waited for an invoice is charged; or when
 * the running period (or the trial) ends, until when nothing changes.
 */
export function planCancel(
  state: SubscriptionState,
  ask: { at: CancelMode; prorate: boolean; reason: string | null },
  planning: Planning,
): Planned {
  const no = whyNotMoveSubscription(state, "cancel");
  if (no) return refuse(no);
  const at = wholeSecond(planning.at);
  const told = { ...state, cancelReason: ask.reason, canceledAt: at };
  // a pause that outlived its period has nothing to wait for
  if (ask.at === "period_end" && state.status !== "incomplete" && state.currentPeriodEndAt > at) {
    if (state.cancelAt !== null) return refuse(refused("already_done", "The subscription ends with its period already."));
    return planned({ ...told, cancelAt: state.currentPeriodEndAt }, [], { when: "at_once" }, state.currentPeriodEndAt);
  }
  const paid = state.status !== "trialing" && state.status !== "incomplete";
  const credits = ask.prorate && paid ? creditsOf(state, state.items, at, planning) : [];
  return ended(told, at, credits, planning);
}

/**
 * What falls due by itself: the end of a trial, of a pause or of a period, or of the subscription. It takes effect at `dueAt`, however late it
 * is done; where more than one thing came meanwhile, each is a plan of its own, in their order.
 */
export function planDue(state: SubscriptionState, planning: Planning): Planned {
  const { dueAt, status, cancelAt } = state;
  if (dueAt === null || planning.at < dueAt) return refuse(refused("not_due", "Nothing of the subscription is due."));
  const then = { ...planning, at: dueAt };
  if (status === "trialing") return planTrialEnd(state, then);
  if (status === "paused" && (cancelAt === null || cancelAt > dueAt)) return planResume(state, then);
  return planRenewal(state, state.currentPeriodEndAt, then);
}

/**
 * What falls due when a period ends, at `endsAt`: usage of the past period, what waited for an invoice, and the next period in advance, with
 * the items that were scheduled for it. Where a cancellation was to come, the subscription ends instead. A period that ended before is refused
 * as already done, so that a repetition bills nothing twice.
 */
export function planRenewal(state: SubscriptionState, endsAt: Date, planning: Planning): Planned {
  if (state.status === "canceled" || state.currentPeriodEndAt > endsAt)
    return refuse(refused("already_done", "That period was renewed before."));
  const ends = state.cancelAt !== null && state.cancelAt <= state.currentPeriodEndAt;
  const no = whyNotMoveSubscription(state, ends ? "cancel" : "renew");
  if (no) return refuse(no);
  if (planning.at < state.currentPeriodEndAt || state.currentPeriodEndAt.getTime() !== endsAt.getTime())
    return refuse(refused("not_due", `The period ends at ${isoInstant(state.currentPeriodEndAt)}.`));
  if (ends) return ended(state, endsAt, [], planning);

  const used = usageLines(state.items, runningPeriod(state), planning);
  return beginNext(applyScheduled(state, endsAt, planning), endsAt, used, planning);
}

/**
 * The end of a trial, when it comes or before: the paid periods begin, anchored there unless another anchor was asked for. Use during the trial
 * is free. Where a cancellation was to come by then, the subscription ends and nothing is charged.
 */
export function planTrialEnd(state: SubscriptionState, planning: Planning): Planned {
  const { trialEndAt, cancelAt } = state;
  const no = whyNotMoveSubscription(state, "end_trial");
  if (no || trialEndAt === null) return refuse(no ?? refused("not_trialing", "The subscription is not in a trial."));
  const at = new Date(Math.min(wholeSecond(planning.at).getTime(), trialEndAt.getTime()));
  if (cancelAt !== null && cancelAt <= at) return ended(state, at, [], { ...planning, usage: new Map() });

  if (cancelAt !== null) return refuse(refused("cancel_scheduled", "The subscription ends with its trial; reactivate it first."));

  const anchorAt = state.billingAnchorAt.getTime() === trialEndAt.getTime() ? at : state.billingAnchorAt;
  const coupons = state.coupons.map((coupon) => earlier(coupon, trialEndAt, at, state.timeZone, planning));
  const open: SubscriptionState = { ...state, status: "active", billingAnchorAt: anchorAt, trialEndAt: at, coupons };
  return beginNext(applyScheduled(open, at, planning), at, [], planning);
}

/**
 * A pause, until `resumeAt` or until somebody resumes. Nothing is billed while it lasts. What was paid for stays usable until its period ends:
 * the license is not held, it only is not renewed.
 */
export function planPause(state: SubscriptionState, ask: { resumeAt: Date | null }, planning: Planning): Planned {
  const no = whyNotMoveSubscription(state, "pause");
  if (no) return refuse(no);
  const at = wholeSecond(planning.at);
  if (ask.resumeAt !== null && ask.resumeAt <= at)
    return refuse(refused("resume_not_ahead", "The pause must end later than now."));
  const next = { ...state, status: "paused", pausedAt: at, resumeAt: ask.resumeAt } as const;
  return planned(next, [], { when: "at_once" }, at);
}

/**
 * The end of a pause. Within the period that was paid before it, that period goes on and nothing is charged, for it was paid. After it a new
 * one begins now and is the anchor of those that follow: nobody pays for time in which they were paused, nor twice for the same time. What
 * was used before the pause, and what waited for an invoice, is charged with it.
 */
export function planResume(state: SubscriptionState, planning: Planning): Planned {
  const no = whyNotMoveSubscription(state, "resume");
  if (no) return refuse(no);
  const at = wholeSecond(planning.at);
  const open = { ...state, status: "active", pausedAt: null, resumeAt: null } as const;
  if (at < state.currentPeriodEndAt) return planned(open, [], { when: "at_once" }, at);
  if (state.cancelAt !== null) return ended(state, state.cancelAt, [], planning);
  return beginAnew(open, at, usageLines(state.items, runningPeriod(state), planning), planning);
}

/** Takes back a cancellation that is to come; one that came begins anew now, with the items as they were. */
export function planReactivate(state: SubscriptionState, planning: Planning): Planned {
  const no = whyNotMoveSubscription(state, "reactivate");
  if (no) return refuse(no);
  const at = wholeSecond(planning.at);
  const open = { ...state, cancelAt: null, cancelReason: null, canceledAt: null, endedAt: null };
  if (state.status !== "canceled") return planned(open, [], { when: "at_once" }, at);
  return beginAnew(
    { ...open, status: "active", pausedAt: null, resumeAt: null, trialEndAt: null, trialStartAt: null },
    at,
    [],
    planning,
  );
}

/** The items with the lines that now bill them: of a document that has just been made of a plan's lines, in their order. */
export function billedBy<State extends Pick<SubscriptionState, "items" | "currentPeriodStartAt">>(
  state: State,
  invoiceId: string,
  lines: readonly (UntaxedLine & { id: string })[],
): State {
  const items = state.items.map((item) => {
    // the last one counts: an item may have been changed more than once since the last invoice. What is billed in arrears gives nothing back.
    const line = lines.findLast(
      ({ subscriptionItemId, creditsLine, net, periodEndAt }) =>
        subscriptionItemId === item.id &&
        creditsLine === null &&
        net >= 0 &&
        periodEndAt !== null &&
        new Date(periodEndAt) > state.currentPeriodStartAt,
    );
    return line ? { ...item, billed: { invoiceId, lineId: line.id } } : item;
  });
  return { ...state, items };
}

/** A new cycle from `at`, the first period of it in advance. */
function beginAnew(state: SubscriptionState, at: Date, used: readonly UntaxedLine[], planning: Planning): Planned {
  return beginNext({ ...applyScheduled(state, at, planning), billingAnchorAt: at }, at, used, planning);
}

/** The period of the state's cycle that begins at `at`, with what was used before and what waited for an invoice. */
function beginNext(state: SubscriptionState, at: Date, used: readonly UntaxedLine[], planning: Planning): Planned {
  const { next, lines } = beginPeriod({ ...state, pendingLines: [] }, firstPeriod(cycleOf(state), at), used, planning);
  const invoiced = [...state.pendingLines, ...lines];
  return planned(next, invoiced, renewed(next, invoiced, planning), at);
}

type Beginning = BillingPeriod & { whole: Span };

/** The state in its next period, and what that costs beside what was used: all of it, or as much of it as the period is of a whole one. */
function beginPeriod(
  state: SubscriptionState,
  period: Beginning,
  used: readonly UntaxedLine[],
  planning: Planning,
): { next: SubscriptionState; lines: UntaxedLine[] } {
  const { startsAt, endsAt, whole } = period;
  const full = discounted([...used, ...advanceLines(state.items, whole, planning)], state, startsAt, planning);
  const rule = { by: planning.prorationBy, zone: state.timeZone };
  const isWhole = startsAt.getTime() === whole.startsAt.getTime();
  const lines = full.map((line, index) => (index < used.length || isWhole ? line : prorationCharge(line, whole, startsAt, rule)));
  const next = {
    ...state,
    items: state.items.map((item) => ({ ...item, billed: null })),
    coupons: countDown(state.coupons, period, planning),
    periodIndex: period.index,
    currentPeriodStartAt: startsAt,
    currentPeriodEndAt: endsAt,
  };
  return { next, lines };
}

/**
 * The coupons after a period was billed: what is over goes. One that is for a single invoice ends with the period that it lowered: until then a
 * change of items is charged as that period was, for else going up and down again would cost the deduction.
 */
function countDown(coupons: readonly HeldCoupon[], { startsAt, endsAt }: Span, planning: Planning): HeldCoupon[] {
  return coupons
    .filter((coupon) => coupon.endsAt === null || new Date(coupon.endsAt) > startsAt)
    .map((coupon) => {
      const isOnce = planning.coupons.get(coupon.couponId)?.duration === "once" && coupon.endsAt === null;
      return isOnce && isCouponInForce(coupon, startsAt) ? { ...coupon, endsAt: isoInstant(endsAt) } : coupon;
    });
}

function startCoupon(couponId: string, at: Date, zone: string, { coupons }: Planning): HeldCoupon {
  const terms = coupons.get(couponId);
  if (!terms) throw new RangeError(`No coupon ${couponId}`);
  return holdCoupon(terms, at, zone);
}

/** A coupon that was to begin with the paid periods begins with them where they begin earlier. */
function earlier(coupon: HeldCoupon, trialEndAt: Date, at: Date, zone: string, planning: Planning): HeldCoupon {
  return coupon.startedAt === isoInstant(trialEndAt) ? startCoupon(coupon.couponId, at, zone, planning) : coupon;
}

function ended(state: SubscriptionState, at: Date, credits: readonly UntaxedLine[], planning: Planning): Planned {
  const period = {
    startsAt: state.currentPeriodStartAt,
    endsAt: new Date(Math.min(at.getTime(), state.currentPeriodEndAt.getTime())),
  };
  const isFree = state.status === "trialing" || state.status === "incomplete";
  const used = isFree ? [] : discounted(usageLines(state.items, period, planning), state, period.startsAt, planning);
  const next: SubscriptionState = {
    ...state,
    status: "canceled",
    items: state.items.map((item) => ({ ...item, billed: null })),
    pendingLines: [],
    scheduled: null,
    cancelAt: at,
    canceledAt: state.canceledAt ?? at,
    endedAt: at,
    pausedAt: null,
    resumeAt: null,
    dueAt: null,
  };
  return planned(next, [...state.pendingLines, ...used, ...credits], { expiresAt: at, when: "at_once" }, at);
}

/** The items that were scheduled, and their interval, from `at` on. */
function applyScheduled(state: SubscriptionState, at: Date, planning: Planning): SubscriptionState {
  if (state.scheduled === null) return state;
  const shared = sharedTerms(state.scheduled.items, planning.prices, state);
  if (!shared.ok) throw new RangeError(`What was scheduled cannot be applied: ${shared.code}`);
  const { interval, intervalCount } = shared;
  const isSameCycle = interval === state.interval && intervalCount === state.intervalCount;
  return {
    ...state,
    items: itemsAfter(state, state.scheduled.items, at),
    scheduled: null,
    interval,
    intervalCount,
    billingAnchorAt: isSameCycle ? state.billingAnchorAt : at,
  };
}

function cycleOf({ billingAnchorAt, timeZone, interval, intervalCount }: SubscriptionState): BillingCycle {
  return { anchorAt: billingAnchorAt, zone: timeZone, interval, count: intervalCount };
}

function runningPeriod({ currentPeriodStartAt, currentPeriodEndAt }: SubscriptionState): Span {
  return { startsAt: currentPeriodStartAt, endsAt: currentPeriodEndAt };
}

/** The period that the running one is, or is the rest of: what its prices are for. */
function wholePeriod(state: SubscriptionState): Span {
  const { startsAt, endsAt } = periodAt(cycleOf(state), state.periodIndex);
  return { startsAt, endsAt };
}

function trialEndOf(ask: StartAsk, at: Date, { prices }: Planning): Date | null {
  if (ask.trialEndAt !== undefined) return ask.trialEndAt === null ? null : wholeSecond(ask.trialEndAt);
  const ends = ask.items.flatMap((item) => {
    const trial = prices.get(priceKey(item))?.terms.trial ?? null;
    return trial === null ? [] : [trialPeriod(at, trial, ask.timeZone).endsAt.getTime()];
  });
  return ends.length === 0 ? null : new Date(Math.max(...ends));
}

/** Which items stay, and which are changed, added or removed. */
function changesOf(before: readonly SubscriptionItem[], after: readonly SubscriptionItem[]): ItemChanges {
  const changed = before
    .map((item) => ({ before: item, after: after.find(({ id }) => id === item.id) ?? null }))
    .filter((change) => change.after === null || !isSame(change.before, change.after));
  const added = after.filter(({ id }) => !before.some((item) => item.id === id)).map((item) => ({ before: null, after: item }));
  return { kept: after.filter((item) => before.some((old) => isSame(old, item))), changed: [...changed, ...added] };
}

function isSame(a: SubscriptionItem, b: SubscriptionItem): boolean {
  return a.id === b.id && isSamePrice(a, b) && a.quantity === b.quantity;
}

type PricedItem = Pick<SubscriptionItem, "priceId" | "priceRev">;

function isSamePrice(a: PricedItem, b: PricedItem): boolean {
  return a.priceId === b.priceId && a.priceRev === b.priceRev;
}

/** The items as they are asked for, from `at` on. One that stays the same keeps the line that billed it; new ones are numbered on. */
function itemsAfter(state: SubscriptionState, asked: readonly ItemAsk[], at: Date): SubscriptionItem[] {
  const named = new Set(asked.map(({ id }) => id));
  const idOf = (ask: ItemAsk) => ask.id ?? state.items.find(({ id, priceId }) => priceId === ask.priceId && !named.has(id))?.id;
  let last = lastNumber(state);
  return asked.map((ask) => {
    const id = idOf(ask) ?? `si_${++last}`;
    const before = state.items.find((item) => item.id === id);
    const { priceId, priceRev, quantity } = ask;
    if (!before || !isSamePrice(before, ask)) return { id, priceId, priceRev, quantity, since: isoInstant(at), billed: null };
    return before.quantity === quantity ? before : { ...before, quantity, billed: null };
  });
}

function newItems(asked: readonly ItemAsk[], at: Date): SubscriptionItem[] {
  return asked.map(({ priceId, priceRev, quantity }, index) => {
    return { id: `si_${index + 1}`, priceId, priceRev, quantity, since: isoInstant(at), billed: null };
  });
}

/** The highest number that an item has, or had in a line that is yet to be billed. */
function lastNumber({ items, pendingLines }: SubscriptionState): number {
  const ids = [...items.map(({ id }) => id), ...pendingLines.map(({ subscriptionItemId }) => subscriptionItemId ?? "")];
  return Math.max(0, ...ids.map((id) => Number(/^si_(\d{1,9})$/.exec(id)?.[1] ?? 0)));
}

function keepBilled(state: SubscriptionState, items: readonly SubscriptionItem[]): SubscriptionItem[] {
  return items.map((item) => ({ ...item, billed: state.items.find(({ id }) => id === item.id)?.billed ?? item.billed }));
}

/** What the items give: entitlements, and seats where they are sold by the seat. */
function grants({ items }: SubscriptionState, planning: Planning): LicenseEffect {
  const seated = items.filter((item) => !isMetered(item, planning) && priceOfItem(item, planning).terms.scheme !== "flat");
  return {
    seats: seated.length === 0 ? null : seated.reduce((sum, { quantity }) => sum + quantity, 0),
    entitlements: items.map((item) => {
      const { priceId, priceRev, quantity } = item;
      return { priceId, priceRev, productId: priceOfItem(item, planning).productId, quantity };
    }),
    when: "at_once",
  };
}

/** What a period that has begun gives, until it ends: at once where it costs nothing. */
function renewed(state: SubscriptionState, lines: readonly UntaxedLine[], planning: Planning): LicenseEffect {
  const owes = lines.reduce((sum, { net }) => sum + net, 0) > 0;
  return { ...grants(state, planning), expiresAt: state.currentPeriodEndAt, when: owes ? "when_paid" : "at_once" };
}

/** When something falls due by itself. */
function dueOf({ status, trialEndAt, currentPeriodEndAt, cancelAt, resumeAt }: SubscriptionState): Date | null {
  switch (status) {
    case "incomplete":
    case "canceled":
      return null;
    case "trialing":
      return trialEndAt;
    case "active":
    case "past_due":
      return currentPeriodEndAt;
    case "paused":
      if (cancelAt === null || resumeAt === null) return cancelAt ?? resumeAt;
      return cancelAt < resumeAt ? cancelAt : resumeAt;
  }
}

function planned(next: SubscriptionState, lines: UntaxedLine[], licenseEffect: LicenseEffect, effectiveAt: Date): Planned {
  return { ok: true, plan: { next: { ...next, dueAt: dueOf(next) }, lines, licenseEffect, effectiveAt } };
}

function refuse(no: SubscriptionRefused & Partial<Pick<ItemsRefused, "pointer">>): Planned {
  return {
    ok: false,
    refused: { code: no.code, detail: no.detail, ...(no.pointer === undefined ? {} : { pointer: no.pointer }) },
  };
}
