import type Stripe from "stripe";
import { type Book, type Books, newId, nowInSeconds } from "./books.ts";
import { missing } from "./errors.ts";

/** How a confirmation with a test payment method ends. */
export type Outcome = { kind: "succeeds" } | { kind: "needs_action" } | { kind: "settles_later" } | Declined;

/** A refusal: Stripe's `code` and, where the bank gave one, its `decline_code`. */
export type Declined = { kind: "declined"; code: string; declineCode: string | null; message: string };

const declined = (declineCode: string, message = "Your card was declined."): Declined => ({
  kind: "declined",
  code: "card_declined",
  declineCode,
  message,
});
const refusedCard = (code: string, message: string): Declined => ({ kind: "declined", code, declineCode: null, message });
const insufficientFunds = declined("insufficient_funds", "Your card has insufficient funds.");

/** A bank that wants to see the customer, asked while the customer is away. */
export const authenticationRequired: Declined = {
  kind: "declined",
  code: "authentication_required",
  declineCode: "authentication_required",
  message: "Your card was declined. This transaction requires authentication.",
};

/** Test payment methods of docs.stripe.com/testing; `pm_card_processing` is our own, a card that settles only when told to. */
const TEST_METHODS: Readonly<Record<string, { brand: string; last4: string; outcome: Outcome }>> = {
  pm_card_visa: { brand: "visa", last4: "4242", outcome: { kind: "succeeds" } },
  pm_card_visa_debit: { brand: "visa", last4: "5556", outcome: { kind: "succeeds" } },
  pm_card_mastercard: { brand: "mastercard", last4: "4444", outcome: { kind: "succeeds" } },
  pm_card_amex: { brand: "amex", last4: "8431", outcome: { kind: "succeeds" } },
  pm_card_chargeDeclined: { brand: "visa", last4: "0002", outcome: declined("generic_decline") },
  pm_card_visa_chargeDeclined: { brand: "visa", last4: "0002", outcome: declined("generic_decline") },
  pm_card_chargeDeclinedInsufficientFunds: { brand: "visa", last4: "9995", outcome: insufficientFunds },
  pm_card_visa_chargeDeclinedInsufficientFunds: { brand: "visa", last4: "9995", outcome: insufficientFunds },
  pm_card_visa_chargeDeclinedLostCard: { brand: "visa", last4: "9987", outcome: declined("lost_card") },
  pm_card_visa_chargeDeclinedStolenCard: { brand: "visa", last4: "9979", outcome: declined("stolen_card") },
  pm_card_chargeDeclinedExpiredCard: {
    brand: "visa",
    last4: "0069",
    outcome: refusedCard("expired_card", "Your card has expired."),
  },
  pm_card_chargeDeclinedIncorrectCvc: {
    brand: "visa",
    last4: "0127",
    outcome: refusedCard("incorrect_cvc", "Your card's security code is incorrect."),
  },
  pm_card_chargeDeclinedProcessingError: {
    brand: "visa",
    last4: "0119",
    outcome: refusedCard("processing_error", "An error occurred while processing your card. Try again in a little bit."),
  },
  pm_card_authenticationRequired: { brand: "visa", last4: "3220", outcome: { kind: "needs_action" } },
  pm_card_processing: { brand: "visa", last4: "0259", outcome: { kind: "settles_later" } },
};

/**
 * The payment method that a request names: one of this book, or a fresh one made from a test method, as Stripe does.
 * Nothing is written yet. Throws `resource_missing`.
 */
export function methodFor(books: Books, book: Book, text: string): Stripe.PaymentMethod & { testMethod: string } {
  const owned = books.get("methods", text);
  if (owned?.book === book.id) return { ...owned.object, testMethod: owned.testMethod };
  const test = Object.hasOwn(TEST_METHODS, text) ? TEST_METHODS[text] : undefined;
  if (!test) throw missing("PaymentMethod", text, "payment_method", 400);
  return { ...cardMethod(book, test.brand, test.last4), testMethod: text };
}

/** Writes a payment method that an intent has come to hold. */
export function keepMethod(
  books: Books,
  book: Book,
  { testMethod, ...object }: Stripe.PaymentMethod & { testMethod: string },
): string {
  if (!books.get("methods", object.id)) books.put("methods", object.id, { book: book.id, object, testMethod });
  return object.id;
}

/** How a confirmation with this payment method ends. */
export function outcomeOf(books: Books, methodId: string): Outcome {
  const test = TEST_METHODS[books.get("methods", methodId)?.testMethod ?? ""];
  return test?.outcome ?? { kind: "succeeds" };
}

function cardMethod(book: Book, brand: string, last4: string): Stripe.PaymentMethod {
  return {
    id: newId("pm"),
    object: "payment_method",
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
    created: nowInSeconds(),
    customer: null,
    customer_account: null,
    livemode: book.livemode,
    metadata: {},
    type: "card",
  };
}
