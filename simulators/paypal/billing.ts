import { type Call, keep, listOf, tell } from "./call.ts";
import { takePayment } from "./captures.ts";
import { minorOf, money, type Money } from "./money.ts";
import type { BillingCycle, Capture, Plan, Subscription } from "./objects.ts";
import { refusalOf } from "./payers.ts";
import { presentSubscription } from "./subscription-views.ts";

/** No subscription is billed more often than this for one move of a clock. */
const MAX_PERIODS = 1000;

/** Which cycle of a plan a period belongs to, counted from 0; undefined after the last. */
export function cycleAt(plan: Plan, period: number): BillingCycle | undefined {
  let left = period;
  for (const cycle of plan.cycles.toSorted((a, b) => a.sequence - b.sequence)) {
    if (cycle.total_cycles === 0 || left < cycle.total_cycles) return cycle;
    left -= cycle.total_cycles;
  }
  return undefined;
}

/** When a period begins: counted on from the start through the frequencies of its cycles; a month that is too short ends it. */
export function periodStart(plan: Plan, startAt: number, period: number): number {
  let at = startAt;
  let left = period;
  for (const cycle of plan.cycles.toSorted((a, b) => a.sequence - b.sequence)) {
    const here = cycle.total_cycles === 0 ? left : Math.min(left, cycle.total_cycles);
    at = after(at, cycle.frequency, here);
    left -= here;
    if (left === 0) break;
  }
  return at;
}

function after(at: number, { interval_unit: unit, interval_count: count }: BillingCycle["frequency"], times: number): number {
  const steps = count * times;
  if (unit === "DAY" || unit === "WEEK") return at + steps * (unit === "DAY" ? 1 : 7) * 86_400_000;
  const date = new Date(at);
  const months = unit === "MONTH" ? steps : steps * 12;
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months + 1, 0)).getUTCDate();
  const day = Math.min(date.getUTCDate(), lastDay);
  const moved = new Date(at);
  moved.setUTCFullYear(date.getUTCFullYear(), date.getUTCMonth() + months, day);
  return moved.getTime();
}

/** Bills every active subscription of the book for each period that has begun by now, in the order of time. */
export function billDue(call: Call): number {
  let billed = 0;
  for (let i = 0; i < MAX_PERIODS; i += 1) {
    const [next] = listOf(call, "subscriptions")
      .filter(({ status, nextBillingAt: at }) => status === "ACTIVE" && at !== null && at <= call.now)
      .toSorted((a, b) => (a.nextBillingAt ?? 0) - (b.nextBillingAt ?? 0));
    if (!next) return billed;
    billPeriod({ ...call, now: next.nextBillingAt ?? call.now }, structuredClone(next));
    billed += 1;
  }
  return billed;
}

/** Bills the period that comes next, whatever the clock says: the money comes, waits, or is refused. */
export function billPeriod(call: Call, subscription: Subscription): Subscription {
  const plan = planOf(call, subscription);
  const cycle = cycleAt(plan, subscription.billed);
  if (!cycle) return move(call, subscription, "EXPIRED");
  const price = cycle.price ? minorOf(cycle.price) * subscription.quantity : 0;
  const due = price + (plan.autoBillOutstanding ? subscription.outstanding : 0);
  subscription.billed += 1;
  subscription.nextBillingAt = cycleAt(plan, subscription.billed)
    ? periodStart(plan, subscription.anchorAt, subscription.billed)
    : null;
  subscription.updatedAt = call.now;
  if (due > 0) collect(call, subscription, plan, price, due);
  else keep(call, "subscriptions", subscription);
  return subscription.nextBillingAt === null && subscription.status === "ACTIVE"
    ? move(call, subscription, "EXPIRED")
    : subscription;
}

function collect(call: Call, subscription: Subscription, plan: Plan, price: number, due: number): void {
  const amount = money(plan.currency, due);
  if (charge(call, subscription, amount)) {
    subscription.outstanding = due - price === subscription.outstanding ? 0 : subscription.outstanding;
    keep(call, "subscriptions", subscription);
    return;
  }
  subscription.outstanding += price;
  subscription.failedPayments += 1;
  subscription.lastFailure = { amount, at: call.now };
  keep(call, "subscriptions", subscription);
  tellSubscription(call, "PAYMENT.FAILED", subscription, "Payment failed for subscription");
  if (plan.failureThreshold > 0 && subscription.failedPayments >= plan.failureThreshold) move(call, subscription, "SUSPENDED");
}

/** Asks the payer's wallet for an amount; undefined where it refuses. Money that is declined later was taken first. */
export function charge(call: Call, subscription: Subscription, amount: Money): Capture | undefined {
  const { payer } = subscription;
  if (!payer || refusalOf(payer.wallet)) return undefined;
  const custom = subscription.custom_id === undefined ? {} : { unit: { custom_id: subscription.custom_id } };
  const sale = takePayment(call, { amount, payer, subscriptionId: subscription.id, ...custom });
  if (sale.status === "DECLINED") return undefined;
  subscription.failedPayments = 0;
  subscription.lastPayment = { amount, at: call.now };
  return sale;
}

const MOVES = {
  ACTIVE: ["ACTIVATED", "Subscription activated"],
  SUSPENDED: ["SUSPENDED", "A billing subscription was suspended"],
  CANCELLED: ["CANCELLED", "Subscription cancelled"],
  EXPIRED: ["EXPIRED", "Subscription expired"],
} as const;

/** Moves a subscription to another status and tells it. */
export function move(
  call: Call,
  subscription: Subscription,
  status: keyof typeof MOVES,
  note: string | null = null,
): Subscription {
  Object.assign(subscription, { status, statusNote: note, updatedAt: call.now });
  if (status === "CANCELLED" || status === "EXPIRED") subscription.nextBillingAt = null;
  keep(call, "subscriptions", subscription);
  const [verb, summary] = MOVES[status];
  tellSubscription(call, verb, subscription, summary);
  return subscription;
}

/** Tells what happened to a subscription. */
export function tellSubscription(call: Call, verb: string, subscription: Subscription, summary: string): void {
  const resource = presentSubscription(call, subscription, planOf(call, subscription));
  tell(call, { type: `BILLING.SUBSCRIPTION.${verb}`, kind: "subscription", version: "2.0", summary, resource });
}

/** The plan that a subscription is for. */
export function planOf(call: Call, { plan_id: id }: Pick<Subscription, "plan_id">): Plan {
  const owned = call.books.get("plans", id);
  if (!owned) throw new Error(`plan ${id} was forgotten`);
  return owned.object;
}
