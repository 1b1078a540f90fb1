import { newId, stamp } from "./books.ts";
import { billPeriod, charge, move, periodStart, planOf, tellSubscription } from "./billing.ts";
import { type Answer, type Call, keep, link, listOf, mustHave, queryInstant } from "./call.ts";
import { businessFault, malformed, notSimulated } from "./errors.ts";
import { minorOf, money } from "./money.ts";
import type { Capture, Payer, Plan, Subscription } from "./objects.ts";
import { newPayer } from "./payers.ts";
import { presentSubscription } from "./subscription-views.ts";

/** `POST /v1/billing/subscriptions`: waits for the payer's approval. */
export function createSubscription(call: Call): Answer {
  const { body } = call;
  const plan = activePlan(call, body.mustString("plan_id", 50));
  const quantity = quantityFor(plan, body.integer("quantity", 1, 1_000_000));
  const startAt = body.instant("start_time") ?? call.now;
  if (startAt < call.now - 60_000) {
    throw malformed("INVALID_PARAMETER_VALUE", "The start lies in the past.", { field: "/start_time" });
  }
  const subscriber = body.object("subscriber");
  const context = body.object("application_context");
  const customId = body.string("custom_id", 127);
  if (body.has("plan")) throw notSimulated("/plan");
  const subscription: Subscription = {
    id: newId.subscription(),
    plan_id: plan.id,
    status: "APPROVAL_PENDING",
    statusNote: null,
    quantity,
    ...(customId === undefined ? {} : { custom_id: customId }),
    payer: null,
    email: subscriber?.string("email_address", 254) ?? null,
    startAt,
    anchorAt: startAt,
    billed: 0,
    nextBillingAt: null,
    outstanding: 0,
    failedPayments: 0,
    lastPayment: null,
    lastFailure: null,
    revision: null,
    activatesItself: context?.oneOf("user_action", ["SUBSCRIBE_NOW", "CONTINUE"] as const) !== "CONTINUE",
    returnUrl: context?.string("return_url", 4000) ?? null,
    cancelUrl: context?.string("cancel_url", 4000) ?? null,
    createdAt: call.now,
    updatedAt: call.now,
  };
  body.any("shipping_amount", "auto_renewal");
  body.done();
  keep(call, "subscriptions", subscription);
  tellSubscription(call, "CREATED", subscription, "Subscription created");
  return { status: 201, body: presentSubscription(call, subscription, plan), of: ["subscriptions", subscription.id] };
}

/** `GET /v1/billing/subscriptions/{id}` */
export function getSubscription(call: Call): Answer {
  const subscription = mustHave(call, "subscriptions");
  return { status: 200, body: presentSubscription(call, subscription, planOf(call, subscription)) };
}

/** The payer agrees to subscribe, or to a revision. */
export function approveSubscription(call: Call, subscription: Subscription, payer: Payer = newPayer()): Subscription {
  const { revision } = subscription;
  if (revision) {
    // another plan begins with its first cycle when the period that is paid for has ended
    if (revision.planId !== subscription.plan_id && subscription.nextBillingAt !== null) {
      Object.assign(subscription, { anchorAt: subscription.nextBillingAt, billed: 0 });
    }
    Object.assign(subscription, { plan_id: revision.planId, quantity: revision.quantity, revision: null, updatedAt: call.now });
    keep(call, "subscriptions", subscription);
    tellSubscription(call, "UPDATED", subscription, "A billing subscription was updated");
    return subscription;
  }
  mustBe(subscription, "APPROVAL_PENDING");
  Object.assign(subscription, { status: "APPROVED", payer, updatedAt: call.now });
  keep(call, "subscriptions", subscription);
  return subscription.activatesItself ? begin(call, subscription) : subscription;
}

/** The first period begins: now, or when the start comes. */
function begin(call: Call, subscription: Subscription): Subscription {
  subscription.startAt = Math.max(subscription.startAt, call.now);
  subscription.anchorAt = subscription.startAt;
  subscription.nextBillingAt = subscription.startAt;
  move(call, subscription, "ACTIVE");
  return subscription.startAt <= call.now ? billPeriod(call, subscription) : subscription;
}

/** `POST /v1/billing/subscriptions/{id}/activate`: begins an approved one, or goes on with a suspended one. */
export function activateSubscription(call: Call): Answer {
  const subscription = mustHave(call, "subscriptions");
  mustBe(subscription, "APPROVED", "SUSPENDED");
  const note = noteOf(call, false);
  if (subscription.status === "APPROVED") begin(call, subscription);
  else resume(call, subscription, note);
  return { status: 204 };
}

/** What would have been billed meanwhile is not: the next period is the first that begins from now on. */
function resume(call: Call, subscription: Subscription, note: string | null): void {
  const plan = planOf(call, subscription);
  let at = subscription.nextBillingAt;
  while (at !== null && at < call.now) {
    subscription.billed += 1;
    at = periodStart(plan, subscription.anchorAt, subscription.billed);
  }
  subscription.nextBillingAt = at;
  subscription.failedPayments = 0;
  Object.assign(subscription, { status: "ACTIVE", statusNote: note, updatedAt: call.now });
  keep(call, "subscriptions", subscription);
  tellSubscription(call, "RE-ACTIVATED", subscription, "Subscription reactivated");
}

/** `POST /v1/billing/subscriptions/{id}/suspend` */
export function suspendSubscription(call: Call): Answer {
  const subscription = mustHave(call, "subscriptions");
  mustBe(subscription, "ACTIVE");
  move(call, subscription, "SUSPENDED", noteOf(call, true));
  return { status: 204 };
}

/** `POST /v1/billing/subscriptions/{id}/cancel` */
export function cancelSubscription(call: Call): Answer {
  const subscription = mustHave(call, "subscriptions");
  mustBe(subscription, "APPROVED", "ACTIVE", "SUSPENDED");
  move(call, subscription, "CANCELLED", noteOf(call, true));
  return { status: 204 };
}

/** `POST /v1/billing/subscriptions/{id}/revise`: another plan or quantity, once the payer agrees. */
export function reviseSubscription(call: Call): Answer {
  const { body } = call;
  const subscription = mustHave(call, "subscriptions");
  mustBe(subscription, "ACTIVE", "SUSPENDED");
  const plan = activePlan(call, body.string("plan_id", 50) ?? subscription.plan_id);
  if (plan.currency !== planOf(call, subscription).currency) {
    throw businessFault("CURRENCY_MISMATCH", "The new plan is in another currency.");
  }
  const quantity = quantityFor(plan, body.integer("quantity", 1, 1_000_000) ?? subscription.quantity);
  body.any("application_context", "shipping_amount", "effective_time");
  body.done();
  keep(call, "subscriptions", { ...subscription, revision: { planId: plan.id, quantity } });
  const approve = `${call.origin}/webapps/billing/subscriptions/update?ba_token=${subscription.id}`;
  return {
    status: 200,
    body: { plan_id: plan.id, quantity: String(quantity), plan_overridden: false, links: [link(approve, "approve")] },
  };
}

/** `POST /v1/billing/subscriptions/{id}/capture`: what is outstanding, or part of it. */
export function captureOutstanding(call: Call): Answer {
  const { body } = call;
  const subscription = mustHave(call, "subscriptions");
  body.mustString("note", 128);
  if (body.oneOf("capture_type", ["OUTSTANDING_BALANCE"] as const) === undefined) {
    throw malformed("MISSING_REQUIRED_PARAMETER", "A required field is missing.", { field: "/capture_type" });
  }
  const amount = body.mustMoney("amount");
  body.done();
  mustBe(subscription, "ACTIVE", "SUSPENDED");
  if (amount.currency_code !== planOf(call, subscription).currency) throw businessFault("CURRENCY_MISMATCH", "Another currency.");
  if (minorOf(amount) > subscription.outstanding) {
    throw businessFault("AMOUNT_GREATER_THAN_OUTSTANDING_BALANCE", "The amount is larger than what is outstanding.");
  }
  const sale = charge(call, subscription, amount);
  if (!sale) {
    throw businessFault("SUBSCRIBER_ACCOUNT_RESTRICTED", "The payer's account refused the payment.");
  }
  subscription.outstanding -= minorOf(amount);
  subscription.updatedAt = call.now;
  keep(call, "subscriptions", subscription);
  return { status: 202, body: presentTransaction(sale) };
}

/** `GET /v1/billing/subscriptions/{id}/transactions` */
export function listTransactions(call: Call): Answer {
  const subscription = mustHave(call, "subscriptions");
  const [from, until] = [queryInstant(call, "start_time"), queryInstant(call, "end_time")];
  if (from === undefined || until === undefined) {
    const field = from === undefined ? "start_time" : "end_time";
    throw malformed("MISSING_REQUIRED_PARAMETER", "A required field is missing.", { field, location: "query" });
  }
  const found = listOf(call, "captures").filter(
    ({ subscriptionId, createdAt }) => subscriptionId === subscription.id && createdAt >= from && createdAt <= until,
  );
  const self = `${call.origin}/v1/billing/subscriptions/${subscription.id}/transactions`;
  return { status: 200, body: { transactions: found.map(presentTransaction), links: [link(self, "self")] } };
}

function presentTransaction({ id, status, amount, fee, payer, createdAt }: Capture): object {
  const net = money(amount.currency_code, minorOf(amount) - minorOf(fee));
  return {
    id,
    status,
    payer_email: payer.email,
    payer_name: { given_name: payer.givenName, surname: payer.surname },
    amount_with_breakdown: { gross_amount: amount, fee_amount: fee, net_amount: net },
    time: stamp(createdAt),
  };
}

function activePlan(call: Call, id: string): Plan {
  const plan = mustHave(call, "plans", id);
  if (plan.status === "ACTIVE") return plan;
  throw businessFault("PLAN_STATUS_INVALID", `A plan that is ${plan.status} takes no subscriptions.`, { field: "/plan_id" });
}

function quantityFor(plan: Plan, quantity = 1): number {
  if (quantity === 1 || plan.quantitySupported) return quantity;
  throw businessFault("QUANTITY_NOT_SUPPORTED", "The plan is for one only.", { field: "/quantity" });
}

function mustBe({ id, status }: Subscription, ...allowed: Subscription["status"][]): void {
  if (allowed.includes(status)) return;
  throw businessFault("SUBSCRIPTION_STATUS_INVALID", `Subscription ${id} is ${status}; this works on ${allowed.join(", ")}.`);
}

function noteOf(call: Call, must: boolean): string | null {
  const reason = must ? call.body.mustString("reason", 128) : call.body.string("reason", 128);
  call.body.done();
  return reason ?? null;
}
