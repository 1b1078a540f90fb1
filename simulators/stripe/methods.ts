import type Stripe from "stripe";
import { type Tables, newId, nowInSeconds } from "./books.ts";
import { type Call, tell } from "./call.ts";
import { type Outcome, type TestCard, testCard } from "./cards.ts";
import { missing, refused } from "./errors.ts";

/** A payment method with what the simulator knows of its card. */
export type HeldMethod = Tables["methods"];

/**
 * The payment method that a request names: one of this book, or a fresh one made from a test method such as `pm_card_visa`,
 * as Stripe does. Nothing is written yet. Throws `resource_missing`.
 */
export function methodFor(call: Call, text: string, param = "payment_method"): HeldMethod {
  const { book } = call.key;
  const owned = call.books.get("methods", text);
  if (owned?.book === book.id) return structuredClone(owned);
  const card = testCard(text);
  if (!card) throw missing("PaymentMethod", text, param, 400);
  return { book: book.id, object: cardMethod(call, card), testMethod: text };
}

/** Writes a payment method and returns its id. */
export function keepMethod(call: Call, held: HeldMethod): string {
  call.books.put("methods", held.object.id, held);
  return held.object.id;
}

/** The card behind a payment method, which decides how its payments go. */
export function cardOf({ testMethod }: Pick<HeldMethod, "testMethod">): TestCard {
  return testCard(testMethod) ?? { brand: "visa", last4: "4242", outcome: { kind: "succeeds" } };
}

/** How a payment with this method ends. */
export const outcomeOf = (held: HeldMethod): Outcome => cardOf(held).outcome;

/** Refuses a method that is spent, or that another customer than `customer` has saved. */
export function checkUsable({ object, spent }: HeldMethod, customer: string | null): void {
  const param = "payment_method";
  if (spent) throw refused(SPENT, { code: "payment_method_unexpected_state", param });
  // a customer may also pay with a card that is not saved
  if (object.customer === null || object.customer === customer) return;
  if (customer === null) {
    const message = `The PaymentMethod ${object.id} belongs to a Customer. Please include the Customer in the \`customer\` parameter.`;
    throw refused(message, { code: "payment_method_unexpected_state", param });
  }
  throw refused(
    `The customer does not have a payment method with the ID ${object.id}. The payment method must be attached to the customer.`,
    { code: "resource_missing", param },
  );
}

const SPENT =
  "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, or was detached from a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach it to a Customer first.";

/** Saves a method with a customer and tells of it; `setUp` says that payments in the customer's absence were agreed. */
export function saveMethod(call: Call, held: HeldMethod, customer: string, setUp: boolean): void {
  const attached = held.object.customer !== customer;
  held.object.customer = customer;
  if (setUp) held.setUp = true;
  keepMethod(call, held);
  if (attached) tell(call, "payment_method.attached", held.object);
}

/** Takes a method off its customer, for good; no customer of the book has it as default any more. */
export function releaseMethod(call: Call, held: HeldMethod): void {
  const before = structuredClone(held.object);
  held.object.customer = null;
  held.spent = true;
  keepMethod(call, held);
  if (typeof before.customer === "string") forgetDefault(call, before.customer, held.object.id);
  tell(call, "payment_method.detached", held.object, before);
}

function forgetDefault(call: Call, customerId: string, methodId: string): void {
  const owned = call.books.get("customers", customerId);
  if (!owned || owned.object.deleted || owned.object.invoice_settings.default_payment_method !== methodId) return;
  const before = owned.object;
  const object = structuredClone(before);
  object.invoice_settings.default_payment_method = null;
  call.books.put("customers", customerId, { book: owned.book, object });
  tell(call, "customer.updated", object, before);
}

/** A new payment method for a test card. */
export function cardMethod(call: Call, { brand, last4 }: TestCard): Stripe.PaymentMethod {
  return {
    id: newId("pm"),
    object: "payment_method",
    allow_redisplay: "unspecified",
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    card: {
      brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
      country: "US",
      display_brand: brand,
      exp_month: 12,
      exp_year: 2034,
      fingerprint: `simulated${brand}${last4}`,
      funding: "credit",
      generated_from: null,
      last4,
      networks: { available: [brand], preferred: null },
      regulated_status: "unregulated",
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: nowInSeconds(call.books, call.key.book.id),
    customer: null,
    customer_account: null,
    livemode: call.key.book.livemode,
    metadata: {},
    type: "card",
  };
}
