import type Stripe from "stripe";
import { nowInSeconds } from "./books.ts";
import { type Call, tell } from "./call.ts";
import { newCharge } from "./charges.ts";
import { StripeProblem } from "./errors.ts";
import { type Declined, authenticationRequired, outcomeOf } from "./methods.ts";

type Intent = Stripe.PaymentIntent;

/** Whether the customer is away, or the caller wants no step in between. */
export type Confirmation = { offSession: boolean; errorOnAction: boolean; returnUrl: string | undefined };

const failedAuthentication: Declined = {
  kind: "declined",
  code: "payment_intent_authentication_failure",
  declineCode: null,
  message: "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
};

/** A debit that the bank gave back after days. */
const failedSettlement: Declined = {
  kind: "declined",
  code: "payment_intent_payment_attempt_failed",
  declineCode: null,
  message: "The payment attempt failed.",
};

/** An intent that is not in a status for what is asked. The intent travels in the error, as with Stripe. */
export function unexpectedState(intent: Intent, message: string): StripeProblem {
  const code = "payment_intent_unexpected_state";
  return new StripeProblem(400, { type: "invalid_request_error", code, message, payment_intent: structuredClone(intent) });
}

/**
 * Tries to collect on the payment method that the intent holds, and moves the intent to where that leads: `succeeded`,
 * `requires_action`, `processing`, or back to `requires_payment_method`, in which case the 402 is thrown after all is written.
 */
export function confirmIntent(call: Call, intent: Intent, how: Confirmation): void {
  if (intent.status === "succeeded") {
    throw unexpectedState(
      intent,
      "You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.",
    );
  }
  if (intent.status === "canceled" || intent.status === "processing") {
    throw unexpectedState(intent, `You cannot confirm this PaymentIntent because it has a status of ${intent.status}.`);
  }
  if (typeof intent.payment_method !== "string") {
    const message =
      "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.";
    throw unexpectedState(intent, message);
  }

  intent.last_payment_error = null;
  intent.next_action = null;
  const outcome = outcomeOf(call.books, intent.payment_method);
  switch (outcome.kind) {
    case "succeeds":
      return succeed(call, intent, intent.amount);
    case "settles_later":
      return awaitSettlement(call, intent);
    case "needs_action":
      if (how.offSession || how.errorOnAction) throw decline(call, intent, authenticationRequired);
      return askCustomer(call, intent, how.returnUrl);
    case "declined":
      throw decline(call, intent, outcome);
  }
}

/** Money has come: `amount` minor units, which need not be what was asked for. A pending charge becomes the paid one. */
export function succeed(call: Call, intent: Intent, amount: number): void {
  const pending = chargeOf(call, intent);
  const fresh = newCharge(call.key.book, intent, methodOf(call, intent), amount, "succeeded");
  const charge = pending?.status === "pending" ? { ...fresh, id: pending.id, created: pending.created } : fresh;
  call.books.put("charges", charge.id, { book: call.key.book.id, object: charge });
  Object.assign(intent, {
    status: "succeeded",
    amount_received: amount,
    latest_charge: charge.id,
    next_action: null,
    last_payment_error: null,
  } satisfies Partial<Intent>);
  keep(call, intent);
  tell(call, "charge.succeeded", charge);
  tell(call, "payment_intent.succeeded", intent);
}

/** The money did not come in the end, or the customer failed to prove who they are. */
export function fail(call: Call, intent: Intent): void {
  decline(call, intent, intent.status === "requires_action" ? failedAuthentication : failedSettlement);
}

/** Ends an intent for good. */
export function cancel(call: Call, intent: Intent, reason: Stripe.PaymentIntent.CancellationReason | null): void {
  Object.assign(intent, {
    status: "canceled",
    canceled_at: nowInSeconds(),
    cancellation_reason: reason,
    next_action: null,
  } satisfies Partial<Intent>);
  keep(call, intent);
  tell(call, "payment_intent.canceled", intent);
}

/** Writes an intent. */
export function keep(call: Call, intent: Intent): void {
  call.books.put("intents", intent.id, { book: call.key.book.id, object: intent });
}

function awaitSettlement(call: Call, intent: Intent): void {
  const charge = newCharge(call.key.book, intent, methodOf(call, intent), intent.amount, "pending");
  call.books.put("charges", charge.id, { book: call.key.book.id, object: charge });
  Object.assign(intent, { status: "processing", latest_charge: charge.id } satisfies Partial<Intent>);
  keep(call, intent);
  tell(call, "charge.pending", charge);
  tell(call, "payment_intent.processing", intent);
}

function askCustomer(call: Call, intent: Intent, returnUrl: string | undefined): void {
  intent.status = "requires_action";
  intent.next_action =
    returnUrl === undefined
      ? { type: "use_stripe_sdk", use_stripe_sdk: { type: "three_d_secure_redirect", source: intent.id } }
      : {
          type: "redirect_to_url",
          redirect_to_url: { return_url: returnUrl, url: `https://hooks.stripe.com/3d_secure_2/${intent.id}` },
        };
  keep(call, intent);
  tell(call, "payment_intent.requires_action", intent);
}

/** Writes the failed attempt and returns the 402 that tells of it: the method is taken off, so that another can be tried. */
function decline(call: Call, intent: Intent, declined: Declined): StripeProblem {
  const method = methodOf(call, intent);
  const pending = chargeOf(call, intent);
  const fresh = newCharge(call.key.book, intent, method, intent.amount, "failed", declined);
  const charge = pending?.status === "pending" ? { ...fresh, id: pending.id, created: pending.created } : fresh;
  call.books.put("charges", charge.id, { book: call.key.book.id, object: charge });

  const error = {
    type: "card_error",
    code: declined.code,
    message: declined.message,
    charge: charge.id,
    ...(declined.declineCode === null ? {} : { decline_code: declined.declineCode }),
    ...(method ? { payment_method: method } : {}),
  } satisfies Stripe.PaymentIntent.LastPaymentError;
  Object.assign(intent, {
    status: "requires_payment_method",
    payment_method: null,
    next_action: null,
    latest_charge: charge.id,
    last_payment_error: error,
  } satisfies Partial<Intent>);
  keep(call, intent);
  tell(call, "charge.failed", charge);
  tell(call, "payment_intent.payment_failed", intent);
  return new StripeProblem(402, { ...error, type: "card_error", payment_intent: structuredClone(intent) });
}

function methodOf(call: Call, intent: Intent): Stripe.PaymentMethod | undefined {
  return typeof intent.payment_method === "string" ? call.books.get("methods", intent.payment_method)?.object : undefined;
}

function chargeOf(call: Call, intent: Intent): Stripe.Charge | undefined {
  return typeof intent.latest_charge === "string" ? call.books.get("charges", intent.latest_charge)?.object : undefined;
}
