import type Stripe from "stripe";
import { nowInSeconds } from "./books.ts";
import { type Call, tell } from "./call.ts";
import { type Declined, asksCustomer, authenticationRequired, whyDeclined } from "./cards.ts";
import { newCharge } from "./charges.ts";
import { openDispute } from "./disputes.ts";
import { StripeProblem } from "./errors.ts";
import { type HeldMethod, cardOf, checkUsable, keepMethod, outcomeOf, saveMethod } from "./methods.ts";
import { postCharge, postChargeLater } from "./transactions.ts";

type Intent = Stripe.PaymentIntent;

/** Whether the customer is away, or the caller wants no step in between, and how the customer would be led through one. */
export type Confirmation = { offSession: boolean; errorOnAction: boolean; returnUrl: string | undefined; useSdk: boolean };

const notACard = { kind: "declined", declineCode: null, advice: null, networkCode: null, blocked: false } as const;

/** The customer has not proved who they are; no bank was asked for money. */
const failedAuthentication: Declined = {
  ...notACard,
  code: "payment_intent_authentication_failure",
  message: "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
};

/** A debit that the bank gave back after days. */
const failedSettlement: Declined = {
  ...notACard,
  code: "payment_intent_payment_attempt_failed",
  message: "The payment attempt failed.",
};

/** An intent that is not in a status for what is asked. The intent travels in the error, as with Stripe. */
export function unexpectedState(intent: Intent, message: string): StripeProblem {
  const code = "payment_intent_unexpected_state";
  return new StripeProblem(400, { type: "invalid_request_error", code, message, payment_intent: structuredClone(intent) });
}

/**
 * Tries to collect on the payment method that the intent holds, and moves the intent to where that leads: `succeeded`,
 * `requires_capture`, `requires_action`, `processing`, or back to `requires_payment_method`, in which case the 402 is thrown
 * after all is written.
 */
export function confirmIntent(call: Call, intent: Intent, how: Confirmation): void {
  if (intent.status === "succeeded") {
    throw unexpectedState(
      intent,
      "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.",
    );
  }
  if (["canceled", "processing", "requires_capture"].includes(intent.status)) {
    throw unexpectedState(intent, `You cannot confirm this PaymentIntent because it has a status of ${intent.status}.`);
  }
  const held = heldBy(call, intent);
  if (!held) {
    const message =
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.";
    throw unexpectedState(intent, message);
  }
  checkUsable(held, customerOf(intent));

  intent.last_payment_error = null;
  intent.next_action = null;
  const passed = call.books.get("intents", intent.id)?.authenticated === held.object.id;
  if (!passed && asksCustomer(outcomeOf(held), how.offSession, held.setUp === true)) {
    if (how.offSession || how.errorOnAction) throw decline(call, intent, authenticationRequired);
    return askCustomer(call, intent, how);
  }
  const refusal = collect(call, intent, held);
  if (refusal) throw refusal;
}

/**
 * The customer has passed authentication. Where the vendor's server confirms (`confirmation_method: manual`) it has to do so
 * once more, else the money is collected now.
 */
export function authenticated(call: Call, intent: Intent): void {
  const held = heldBy(call, intent);
  if (!held) return;
  intent.next_action = null;
  if (intent.confirmation_method !== "manual") return void collect(call, intent, held);
  intent.status = "requires_confirmation";
  keep(call, intent, held.object.id);
}

/** Asks the bank for the money. Answers its refusal, written already, or nothing. */
function collect(call: Call, intent: Intent, held: HeldMethod): StripeProblem | undefined {
  const outcome = outcomeOf(held);
  const refusal = outcome.kind === "needs_action" ? outcome.refusal : outcome.kind === "declined" ? outcome : null;
  if (refusal) return decline(call, intent, refusal);
  if (outcome.kind === "settles_later") awaitSettlement(call, intent);
  else if (intent.capture_method === "manual") reserve(call, intent);
  else succeed(call, intent, intent.amount);
  return undefined;
}

/** Money has come: `amount` minor units, which need not be what was asked for. A pending charge becomes the paid one. */
export function succeed(call: Call, intent: Intent, amount: number): void {
  const pending = chargeOf(call, intent);
  const held = heldBy(call, intent);
  const fresh = newCharge(call, intent, held?.object, amount, "succeeded");
  const charge = pending?.status === "pending" ? { ...fresh, id: pending.id, created: pending.created } : fresh;
  keepCharge(call, charge);
  Object.assign(intent, {
    status: "succeeded",
    amount_received: amount,
    amount_capturable: 0,
    latest_charge: charge.id,
    next_action: null,
    last_payment_error: null,
  } satisfies Partial<Intent>);
  keep(call, intent);
  if (held) useUp(call, intent, held);
  if (intent.capture_method === "automatic_async") postChargeLater(call, charge.id);
  else postCharge(call, charge.id);
  tell(call, "charge.succeeded", call.books.get("charges", charge.id)?.object ?? charge);
  tell(call, "payment_intent.succeeded", intent);
  const dispute = held && cardOf(held).dispute;
  if (dispute) call.afterwards.push(() => openDispute(call, charge.id, dispute));
}

/** Takes `amount` of what was reserved; the rest goes back to the customer. */
export function capture(call: Call, intent: Intent, amount: number): void {
  const charge = chargeOf(call, intent);
  if (!charge) return;
  keepCharge(call, {
    ...charge,
    captured: true,
    amount_captured: amount,
    amount_refunded: charge.amount - amount,
  });
  Object.assign(intent, { status: "succeeded", amount_received: amount, amount_capturable: 0 } satisfies Partial<Intent>);
  keep(call, intent);
  postCharge(call, charge.id);
  tell(call, "charge.captured", chargeOf(call, intent) ?? charge);
  tell(call, "payment_intent.succeeded", intent);
}

/** The money did not come in the end, or the customer failed to prove who they are. */
export function fail(call: Call, intent: Intent): void {
  decline(call, intent, intent.status === "requires_action" ? failedAuthentication : failedSettlement);
}

/** Ends an intent for good. What was only reserved goes back: no money has moved, so the balance does not either. */
export function cancel(call: Call, intent: Intent, reason: Stripe.PaymentIntent.CancellationReason | null): void {
  const charge = intent.status === "requires_capture" ? chargeOf(call, intent) : undefined;
  const released = charge && { ...charge, amount_refunded: charge.amount, refunded: true };
  if (released) keepCharge(call, released);
  Object.assign(intent, {
    status: "canceled",
    amount_capturable: 0,
    canceled_at: nowInSeconds(call.books, call.key.book.id),
    cancellation_reason: reason,
    next_action: null,
  } satisfies Partial<Intent>);
  keep(call, intent);
  if (released) tell(call, "charge.refunded", released, charge);
  tell(call, "payment_intent.canceled", intent);
}

/** Writes an intent. That the customer has passed stays true for the method with which they did. */
export function keep(call: Call, intent: Intent, passed = call.books.get("intents", intent.id)?.authenticated): void {
  const row = { book: call.key.book.id, object: intent };
  const stands = passed !== undefined && passed === intent.payment_method;
  call.books.put("intents", intent.id, stands ? { ...row, authenticated: passed } : row);
}

/** A payment may save the method with the customer; a method that nobody has saved is spent by it. */
function useUp(call: Call, intent: Intent, held: HeldMethod): void {
  const customer = customerOf(intent);
  const future = intent.setup_future_usage;
  if (customer !== null && future !== null) return saveMethod(call, held, customer, future === "off_session");
  if (held.object.customer !== null) return;
  held.spent = true;
  keepMethod(call, held);
}

function reserve(call: Call, intent: Intent): void {
  const held = heldBy(call, intent);
  const charge = newCharge(call, intent, held?.object, intent.amount, "authorized");
  keepCharge(call, charge);
  Object.assign(intent, {
    status: "requires_capture",
    amount_capturable: intent.amount,
    latest_charge: charge.id,
  } satisfies Partial<Intent>);
  keep(call, intent);
  if (held) useUp(call, intent, held);
  tell(call, "charge.succeeded", charge);
  tell(call, "payment_intent.amount_capturable_updated", intent);
}

function awaitSettlement(call: Call, intent: Intent): void {
  const charge = newCharge(call, intent, heldBy(call, intent)?.object, intent.amount, "pending");
  keepCharge(call, charge);
  Object.assign(intent, { status: "processing", latest_charge: charge.id } satisfies Partial<Intent>);
  keep(call, intent);
  tell(call, "charge.pending", charge);
  tell(call, "payment_intent.processing", intent);
}

function askCustomer(call: Call, intent: Intent, how: Confirmation): void {
  intent.status = "requires_action";
  intent.next_action = nextAction(call, intent.id, how);
  keep(call, intent);
  tell(call, "payment_intent.requires_action", intent);
}

/** Where the customer proves who they are: in Stripe's script on the vendor's page, or on a page to be sent to. */
export function nextAction(call: Call, id: string, { returnUrl, useSdk }: Pick<Confirmation, "returnUrl" | "useSdk">) {
  if (returnUrl === undefined || useSdk) {
    return { type: "use_stripe_sdk", use_stripe_sdk: { type: "three_d_secure_redirect", source: id } };
  }
  const url = `${call.origin}/_bank/${id}`;
  return { type: "redirect_to_url", redirect_to_url: { return_url: returnUrl, url } };
}

/** Writes the failed attempt and returns the 402 that tells of it: the method is taken off, so that another can be tried. */
function decline(call: Call, intent: Intent, declined: Declined): StripeProblem {
  const method = heldBy(call, intent)?.object;
  const charge = declined === failedAuthentication ? undefined : failedCharge(call, intent, method, declined);
  const error = {
    type: "card_error",
    ...whyDeclined(declined),
    ...(charge ? { charge: charge.id } : {}),
    ...(method ? { payment_method: method } : {}),
  } satisfies Stripe.PaymentIntent.LastPaymentError;
  Object.assign(intent, {
    status: "requires_payment_method",
    payment_method: null,
    next_action: null,
    latest_charge: charge?.id ?? intent.latest_charge,
    last_payment_error: error,
  } satisfies Partial<Intent>);
  keep(call, intent);
  if (charge) tell(call, "charge.failed", charge);
  tell(call, "payment_intent.payment_failed", intent);
  return new StripeProblem(402, { ...error, type: "card_error", payment_intent: structuredClone(intent) });
}

function failedCharge(call: Call, intent: Intent, method: Stripe.PaymentMethod | undefined, declined: Declined): Stripe.Charge {
  const pending = chargeOf(call, intent);
  const fresh = newCharge(call, intent, method, intent.amount, "failed", declined);
  const charge = pending?.status === "pending" ? { ...fresh, id: pending.id, created: pending.created } : fresh;
  keepCharge(call, charge);
  return charge;
}

function keepCharge(call: Call, charge: Stripe.Charge): void {
  call.books.put("charges", charge.id, { book: call.key.book.id, object: charge });
}

const customerOf = (intent: Intent) => (typeof intent.customer === "string" ? intent.customer : null);

function heldBy(call: Call, intent: Intent): HeldMethod | undefined {
  const held = typeof intent.payment_method === "string" ? call.books.get("methods", intent.payment_method) : undefined;
  return held && structuredClone(held);
}

function chargeOf(call: Call, intent: Intent): Stripe.Charge | undefined {
  return typeof intent.latest_charge === "string" ? call.books.get("charges", intent.latest_charge)?.object : undefined;
}
