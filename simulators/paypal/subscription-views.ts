import { stamp } from "./books.ts";
import { type Call, type Link, link } from "./call.ts";
import { money } from "./money.ts";
import type { Plan, Subscription } from "./objects.ts";

/** A subscription as PayPal answers it. */
export function presentSubscription(call: Pick<Call, "origin">, subscription: Subscription, plan: Plan): object {
  const { payer, email, custom_id: customId, statusNote } = subscription;
  const address = payer?.email ?? email;
  return {
    id: subscription.id,
    plan_id: subscription.plan_id,
    status: subscription.status,
    ...(statusNote === null ? {} : { status_change_note: statusNote }),
    status_update_time: stamp(subscription.updatedAt),
    start_time: stamp(subscription.startAt),
    quantity: String(subscription.quantity),
    ...(customId === undefined ? {} : { custom_id: customId }),
    ...(address === null ? {} : { subscriber: subscriberOf(subscription, address) }),
    ...(subscription.status === "APPROVAL_PENDING" ? {} : { billing_info: billingInfo(subscription, plan) }),
    plan_overridden: false,
    create_time: stamp(subscription.createdAt),
    update_time: stamp(subscription.updatedAt),
    links: linksOf(call, subscription),
  };
}

function subscriberOf({ payer }: Subscription, email: string): object {
  if (!payer) return { email_address: email };
  return { email_address: email, payer_id: payer.accountId, name: { given_name: payer.givenName, surname: payer.surname } };
}

function billingInfo(subscription: Subscription, plan: Plan): object {
  let left = subscription.billed;
  const executions = plan.cycles
    .toSorted((a, b) => a.sequence - b.sequence)
    .map(({ tenure_type, sequence, total_cycles }) => {
      const done = total_cycles === 0 ? left : Math.min(left, total_cycles);
      left -= done;
      const remaining = total_cycles === 0 ? 0 : total_cycles - done;
      return {
        tenure_type,
        sequence,
        cycles_completed: done,
        cycles_remaining: remaining,
        current_pricing_scheme_version: 1,
        total_cycles,
      };
    });
  const { lastPayment, lastFailure, nextBillingAt, outstanding } = subscription;
  return {
    outstanding_balance: money(plan.currency, outstanding),
    cycle_executions: executions,
    ...(lastPayment ? { last_payment: { amount: lastPayment.amount, time: stamp(lastPayment.at) } } : {}),
    ...(lastFailure ? { last_failed_payment: { amount: lastFailure.amount, time: stamp(lastFailure.at) } } : {}),
    ...(nextBillingAt === null ? {} : { next_billing_time: stamp(nextBillingAt) }),
    failed_payments_count: subscription.failedPayments,
  };
}

function linksOf({ origin }: Pick<Call, "origin">, { id, status }: Subscription): Link[] {
  const self = `${origin}/v1/billing/subscriptions/${id}`;
  const approve = link(`${origin}/webapps/billing/subscriptions?ba_token=${id}`, "approve");
  const acts: Readonly<Record<Subscription["status"], string[]>> = {
    APPROVAL_PENDING: [],
    APPROVED: ["activate", "cancel"],
    ACTIVE: ["suspend", "cancel", "capture"],
    SUSPENDED: ["activate", "cancel"],
    CANCELLED: [],
    EXPIRED: [],
  };
  return [
    ...(status === "APPROVAL_PENDING" ? [approve] : []),
    link(self, "edit", "PATCH"),
    link(self, "self"),
    ...acts[status].map((act) => link(`${self}/${act}`, act, "POST")),
  ];
}
