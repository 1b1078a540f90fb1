import type Stripe from "stripe";
import { nowMs } from "./books.ts";
import { type Call, expanded, listPage, mustHave } from "./call.ts";
import { hasCheckDigit, testCard, testCardNumbered, whyDeclined } from "./cards.ts";
import { customerOf } from "./customers.ts";
import { StripeProblem, refused } from "./errors.ts";
import { type Params, mergedMetadata } from "./form.ts";
import { readBilling } from "./addresses.ts";
import { type HeldMethod, cardMethod, keepMethod, methodFor, outcomeOf, releaseMethod, saveMethod } from "./methods.ts";
import { tell } from "./call.ts";

const REDISPLAY = ["always", "limited", "unspecified"] as const;

/** `POST /v1/payment_methods`: a card by number or test token. Also as the customer's browser calls it, with the publishable key. */
export function createMethod(call: Call): object {
  const { params, key } = call;
  const type = params.mustString("type");
  if (type !== "card") {
    throw refused(`The simulator does not simulate payment methods of type ${type}.`, {
      code: "parameter_not_simulated",
      param: "type",
    });
  }
  const card = params.hash("card");
  if (!card) throw refused("Missing required param: card.", { code: "parameter_missing", param: "card" });
  const { testMethod, expires } = readCard(call, card);
  const test = testCard(testMethod);
  if (!test) throw refused(`No such token: '${testMethod}'`, { code: "resource_missing", param: "card[token]" });
  const blank = cardMethod(call, test);
  const billing = readBilling(params, blank.billing_details);
  const redisplay = params.oneOf("allow_redisplay", REDISPLAY) ?? "unspecified";
  const metadata = mergedMetadata({}, params.metadata());
  const expand = params.list("expand");
  params.done(["customer", "payment_method", "radar_options"]);

  const object: Stripe.PaymentMethod = { ...blank, allow_redisplay: redisplay, billing_details: billing, metadata };
  if (object.card && expires) Object.assign(object.card, { exp_month: expires.month, exp_year: expires.year });
  keepMethod(call, { book: key.book.id, object, testMethod });
  return expanded(call, object, expand);
}

/** `GET /v1/payment_methods/{id}` and `GET /v1/customers/{id}/payment_methods/{id}` */
export function retrieveMethod(call: Call): object {
  const [first = "", second] = call.ids;
  const expand = call.params.list("expand");
  call.params.done();
  if (second === undefined) return expanded(call, mustHave(call, "methods", first).object, expand);
  const customer = customerOf(call, first, "customer", 404);
  const { object } = mustHave(call, "methods", second, "payment_method");
  if (object.customer === customer.id) return expanded(call, object, expand);
  throw notOfCustomer(object.id, 404);
}

/** `POST /v1/payment_methods/{id}` */
export function updateMethod(call: Call): object {
  const { params } = call;
  const held = heldMethod(call);
  const before = structuredClone(held.object);
  const billing = readBilling(params, held.object.billing_details);
  const redisplay = params.oneOf("allow_redisplay", REDISPLAY);
  const metadata = mergedMetadata(held.object.metadata, params.metadata());
  const card = params.hash("card");
  const expires = card ? { month: card.integer("exp_month"), year: card.integer("exp_year") } : undefined;
  card?.done(["networks"]);
  const expand = params.list("expand");
  params.done(["us_bank_account"]);
  if (held.object.customer === null) {
    throw refused("You must save this PaymentMethod to a customer before you can update it.", {
      code: "payment_method_unexpected_state",
    });
  }

  Object.assign(held.object, { billing_details: billing, metadata, ...(redisplay ? { allow_redisplay: redisplay } : {}) });
  if (held.object.card && expires) {
    held.object.card.exp_month = expires.month ?? held.object.card.exp_month;
    held.object.card.exp_year = expires.year ?? held.object.card.exp_year;
  }
  keepMethod(call, held);
  tell(call, "payment_method.updated", held.object, before);
  return expanded(call, held.object, expand);
}

/** `GET /v1/payment_methods` and `GET /v1/customers/{id}/payment_methods`: what a customer has saved. */
export function listMethods(call: Call): object {
  const { params } = call;
  const [owner] = call.ids;
  const page = params.page();
  const named = owner ?? params.string("customer");
  const type = params.string("type");
  const redisplay = params.oneOf("allow_redisplay", REDISPLAY);
  const expand = params.list("expand");
  params.done(["customer_account"]);
  if (named !== undefined) customerOf(call, named, "customer", owner === undefined ? 400 : 404);
  const url = owner === undefined ? "/v1/payment_methods" : `/v1/customers/${owner}/payment_methods`;
  const keep = (method: Stripe.PaymentMethod) =>
    (named === undefined ? method.customer !== null : method.customer === named) &&
    (type === undefined || method.type === type) &&
    (redisplay === undefined || method.allow_redisplay === redisplay);
  return expanded(call, listPage(call, call.books.entries("methods"), url, page, keep), expand);
}

/** `POST /v1/payment_methods/{id}/attach`: the bank is asked, so a card that is always refused cannot be saved. */
export function attachMethod(call: Call): object {
  const { params } = call;
  const [id = ""] = call.ids;
  const customerId = params.mustString("customer");
  const expand = params.list("expand");
  params.done(["customer_account"]);
  const held = methodFor(call, id);
  const customer = customerOf(call, customerId, "customer", 400);
  if (held.spent) {
    const message =
      "This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and may not be used again.";
    throw refused(message, { code: "payment_method_unexpected_state" });
  }
  if (held.object.customer !== null && held.object.customer !== customer.id) {
    throw refused("The payment method you provided has already been attached to a customer.", {
      code: "payment_method_unexpected_state",
    });
  }
  refuseUnsavable(held);
  saveMethod(call, held, customer.id, false);
  return expanded(call, held.object, expand);
}

/** `POST /v1/payment_methods/{id}/detach`: for good; the method cannot be used or saved again. */
export function detachMethod(call: Call): object {
  const held = heldMethod(call);
  const expand = call.params.list("expand");
  call.params.done();
  if (held.object.customer === null) {
    throw refused("The payment method you provided is not attached to a customer so detachment is impossible.");
  }
  releaseMethod(call, held);
  return expanded(call, held.object, expand);
}

/** Throws the bank's refusal for a card that cannot even be saved. */
function refuseUnsavable(held: HeldMethod): void {
  const outcome = outcomeOf(held);
  if (outcome.kind !== "declined" || cannotFail(held)) return;
  throw new StripeProblem(402, { type: "card_error", ...whyDeclined(outcome) });
}

const cannotFail = ({ testMethod }: HeldMethod) => testCard(testMethod)?.savable === true;

function heldMethod(call: Call): HeldMethod {
  const [id = ""] = call.ids;
  return structuredClone(mustHave(call, "methods", id, "payment_method"));
}

function notOfCustomer(id: string, status: 400 | 404): StripeProblem {
  const message = `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`;
  return refused(message, { code: "resource_missing", param: "payment_method" }, status);
}

/** The test card that number or token name, and when the number expires. Throws the 402 of a number that no bank has issued. */
function readCard(call: Call, card: Params): { testMethod: string; expires: { month: number; year: number } | undefined } {
  const token = card.string("token");
  if (token !== undefined) {
    card.done();
    return { testMethod: token.replace(/^tok_/, "pm_card_"), expires: undefined };
  }
  const number = card.mustString("number").replaceAll(/[\s-]/g, "");
  const month = card.mustInteger("exp_month");
  const year = card.mustInteger("exp_year");
  const cvc = card.string("cvc");
  card.done(["networks"]);

  if (!/^\d{12,19}$/.test(number) || !hasCheckDigit(number))
    throw wrongCard("incorrect_number", "Your card number is incorrect.", "number");
  if (month < 1 || month > 12) throw wrongCard("invalid_expiry_month", "Your card's expiration month is invalid.", "exp_month");
  const now = new Date(nowMs(call.books, call.key.book.id));
  const ended = year * 12 + month < now.getUTCFullYear() * 12 + now.getUTCMonth() + 1;
  if (ended || year > now.getUTCFullYear() + 50) {
    throw wrongCard("invalid_expiry_year", "Your card's expiration year is invalid.", "exp_year");
  }
  if (cvc !== undefined && !/^\d{3,4}$/.test(cvc)) throw wrongCard("invalid_cvc", "Your card's security code is invalid.", "cvc");
  const testMethod = testCardNumbered(number);
  if (testMethod !== undefined) return { testMethod, expires: { month, year } };
  const message =
    "Your card was declined. Your request was in test mode, but used a non test card. For a list of valid test cards, visit: https://stripe.com/docs/testing.";
  throw new StripeProblem(402, { type: "card_error", code: "card_declined", decline_code: "test_mode_live_card", message });
}

function wrongCard(code: string, message: string, param: string): StripeProblem {
  return new StripeProblem(402, { type: "card_error", code, message, param });
}
