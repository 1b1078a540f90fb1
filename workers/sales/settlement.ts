import type { Stripe } from "stripe";
import type { PaymentRow } from "#db/billing/payments";
import type { Fact } from "#db/commit";
import type { OrderRow } from "#db/sales/orders";
import type { IncomingEvent } from "#db/sales/provider-events";
import type { PaymentProviderRow } from "#db/tenants/payment-providers";
import type { OpenedTenant } from "#kernel/asking";
import { collected } from "#kernel/billing/collecting";
import { newId } from "#kernel/ids";
import { fetchSetup, savedBy, writeSaved } from "#kernel/billing/saving";
import { changing } from "#kernel/changing";
import type { Env } from "#kernel/env";
import type { EventObject } from "#kernel/event-objects";
import { changeFact } from "#kernel/facts";
import { failureOf, stripeWith } from "#kernel/stripe/client";
import { fetchIntent } from "#kernel/stripe/intents";
import { paymentOutcome, type PaymentOutcome, type ProviderPayment } from "#rules/sales/orders";
import { approvalFacts, approved } from "./moves.ts";
import { presentOrder } from "./presenters.ts";
import { paymentOf, refundIntent } from "./stripe.ts";

/** What became of an event. `foreign`: the tenant's account has no such payment, and nothing was written; `waits`: kept for a later try. */
export type EventResult = "applied" | "foreign" | "waits";

const TOLD = [200, {}] as const;

/**
 * Applies a verified event of Stripe: fetches the payment that it speaks of and moves the order to where that stands, event and change in
 * one batch. Duplicates, reorderings and gaps so end in the same state. When Stripe cannot be asked now, the event is kept.
 */
export async function applyStripeEvent(
  env: Env,
  opened: OpenedTenant,
  provider: PaymentProviderRow,
  event: IncomingEvent,
): Promise<EventResult> {
  const { repo, vault } = opened;
  if (event.objectRef === null) {
    await repo.providerEvents.markApplied(event);
    return "applied";
  }
  const stripe = await stripeWith(env, provider, vault);
  try {
    return await changing(() => applyOnce(stripe, opened, event, event.objectRef ?? ""));
  } catch (error) {
    const failure = failureOf(error);
    if (!failure) throw error;
    if (failure.error.statusCode === 404) return "foreign";
    await repo.providerEvents.keep(event);
    return "waits";
  }
}

/** Undefined when somebody changed the order meanwhile: then order and payment are read again, in this sequence, so that neither goes back. */
async function applyOnce(
  stripe: Stripe,
  opened: OpenedTenant,
  event: IncomingEvent,
  intentId: string,
): Promise<"applied" | undefined> {
  const { repo, tenant } = opened;
  const { applied, order } = await repo.providerEvents.look(event);
  if (applied) return "applied";
  if (intentId.startsWith("seti_")) return applySetup(stripe, opened, event, intentId);
  const ours = order ? undefined : await repo.payments.byRef("stripe", intentId);
  if (ours) return applyPayment(stripe, opened, event, ours);
  const intent = await fetchIntent(stripe, intentId);
  const payment = paymentOf(intent);
  if (!order) return takeStray(opened, event, intent, payment);

  const outcome = paymentOutcome({ ...order, livemode: tenant.livemode }, payment);
  if (outcome.kind === "nothing") {
    await repo.providerEvents.markApplied(event);
    return "applied";
  }
  if (outcome.kind === "unexpected")
    return takeUnexpected(stripe, opened, event, order, unexpectedPayment(intent, payment, outcome.reason, order.id));
  const { row, facts } = moved(order, outcome, opened.now);
  return (await repo.orders.updateBy(repo.providerEvents.applied(event), row, { facts, answer: TOLD })) && "applied";
}

function moved(
  order: OrderRow,
  outcome: Extract<PaymentOutcome, { kind: "moved" | "settled" }>,
  now: Date,
): { row: OrderRow; facts: Fact[] } {
  const paymentStatus = outcome.kind === "settled" ? "paid" : outcome.paymentStatus;
  const paid: OrderRow = { ...order, paymentStatus, amountPaid: outcome.amountPaid, updatedAt: now };
  const updated = changeFact("order.payment_updated", presentOrder(order), presentOrder(paid));
  if (outcome.kind === "moved") return { row: paid, facts: [updated] };
  const row = approved(paid, now);
  return {
    row,
    facts: [updated, changeFact("order.paid", presentOrder(order), presentOrder(paid)), ...approvalFacts(paid, row)],
  };
}

/** A method that a customer saved. A setup that is none of ours changes nothing. */
async function applySetup(
  stripe: Stripe,
  { repo, now }: OpenedTenant,
  event: IncomingEvent,
  setupId: string,
): Promise<"applied" | undefined> {
  const before = await repo.paymentMethods.bySetup("stripe", setupId);
  const saved = before && (await savedBy(repo, before, await fetchSetup(stripe, setupId), now));
  if (!saved) {
    await repo.providerEvents.markApplied(event);
    return "applied";
  }
  return writeSaved(saved, before, async ({ change, facts }) => {
    const also = [repo.providerEvents.applied(event)];
    return (await repo.books.write({ ...change, also }, { facts, answer: TOLD })) && "applied";
  });
}

/** A payment of an invoice: it, the invoice and the books in one batch with the event. */
async function applyPayment(
  stripe: Stripe,
  { repo, tenant, now, realNow }: OpenedTenant,
  event: IncomingEvent,
  before: PaymentRow,
): Promise<"applied" | undefined> {
  const invoice = before.invoiceId === null ? undefined : await repo.invoices.byId(before.invoiceId);
  const about = { now, creditId: newId("credit", repo.shard, realNow), livemode: tenant.livemode };
  const moved = invoice && collected(before, invoice, await fetchIntent(stripe, event.objectRef ?? ""), about);
  const [told] = moved?.facts ?? [];
  if (moved?.isOnlyTold === true && told) {
    await repo.providerEvents.tellUnexpected(event, told);
    return "applied";
  }
  if (!moved) {
    await repo.providerEvents.markApplied(event);
    return "applied";
  }
  const also = [repo.providerEvents.applied(event)];
  return (await repo.books.write({ ...moved.change, also }, { facts: moved.facts, answer: TOLD })) && "applied";
}

/** A payment that no order waits for. One that says it is for us is told; one of the vendor's other business is none of ours. */
async function takeStray(
  { repo }: OpenedTenant,
  event: IncomingEvent,
  intent: Stripe.PaymentIntent,
  payment: ProviderPayment,
): Promise<"applied"> {
  const { tenant_id, order_id } = intent.metadata;
  const isForUs = tenant_id === repo.tenantId || order_id !== undefined;
  if (isForUs && intent.amount_received > 0) {
    await repo.providerEvents.tellUnexpected(event, factOf(unexpectedPayment(intent, payment, "unknown_payment", null)));
  } else {
    await repo.providerEvents.markApplied(event);
  }
  return "applied";
}

/** Money that buys nothing: what came for a canceled order goes back, all of it is told. */
async function takeUnexpected(
  stripe: Stripe,
  { repo, now }: OpenedTenant,
  event: IncomingEvent,
  order: OrderRow,
  told: UnexpectedPayment,
): Promise<"applied" | undefined> {
  if (told.reason !== "order_canceled") {
    await repo.providerEvents.tellUnexpected(event, factOf(told));
    return "applied";
  }
  const refund = await refundIntent(stripe, told.id);
  const fact = factOf({ ...told, refund });
  if (refund.status === "failed" || refund.status === "canceled") {
    await repo.providerEvents.tellUnexpected(event, fact);
    return "applied";
  }
  const row: OrderRow = { ...order, paymentStatus: "refunded", amountPaid: 0, updatedAt: now };
  const facts = [fact, changeFact("order.payment_updated", presentOrder(order), presentOrder(row))];
  return (await repo.orders.updateBy(repo.providerEvents.applied(event), row, { facts, answer: TOLD })) && "applied";
}

type UnexpectedPayment = EventObject<"UnexpectedPayment">;

function unexpectedPayment(
  intent: Stripe.PaymentIntent,
  { amountReceived, currency, livemode }: ProviderPayment,
  reason: UnexpectedPayment["reason"],
  orderId: string | null,
): UnexpectedPayment {
  return {
    object: "payment",
    id: intent.id,
    provider: "stripe",
    reason,
    order_id: orderId,
    amount: amountReceived,
    currency,
    livemode,
    refund: null,
  };
}

const factOf = (payment: UnexpectedPayment): Fact => ({
  type: "payment.unexpected",
  subject: { type: "payment", id: payment.id },
  data: { object: payment, previous: null },
});
