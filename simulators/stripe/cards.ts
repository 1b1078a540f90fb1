/** What the card's network says about another try; Stripe's words. */
export type Advice = "confirm_card_data" | "do_not_try_again" | "try_again_later";

/** A refusal: Stripe's `code` and, where the bank gave one, its `decline_code`. */
export type Declined = {
  kind: "declined";
  code: string;
  declineCode: string | null;
  message: string;
  advice: Advice | null;
  /** The bank's own code; null where the bank was never asked. */
  networkCode: string | null;
  /** Refused by Stripe's own judgement of risk, before the network. */
  blocked: boolean;
};

/**
 * How a confirmation with a test card ends. A card that asks for the customer does so `always`, only `until_set_up` for
 * payments in the customer's absence, or `on_session` alone; `refusal` is what follows once the customer has passed.
 */
export type Outcome =
  | { kind: "succeeds" }
  | { kind: "needs_action"; when: "always" | "until_set_up" | "on_session"; refusal: Declined | null }
  | { kind: "settles_later" }
  | Declined;

/** How a refund of a payment with this card goes: what it begins as, and what control makes of it later. */
export type RefundCourse = "succeeds" | "pending" | "fails_later" | "needs_action";

/** A card of docs.stripe.com/testing. */
export type TestCard = {
  brand: string;
  last4: string;
  outcome: Outcome;
  /** Set where the card can be saved although every charge of it fails. */
  savable?: true;
  refunds?: RefundCourse;
  /** The payment is disputed as soon as it has succeeded. */
  dispute?: { reason: string; inquiry: boolean };
};

const decline = (
  declineCode: string,
  about: { networkCode: string | null; advice: Advice | null; message?: string; blocked?: true },
): Declined => ({
  kind: "declined",
  code: "card_declined",
  declineCode,
  message: about.message ?? "Your card was declined.",
  advice: about.advice,
  networkCode: about.networkCode,
  blocked: about.blocked ?? false,
});

const refusedCard = (code: string, message: string, networkCode: string, advice: Advice): Declined => ({
  kind: "declined",
  code,
  declineCode: null,
  message,
  advice,
  networkCode,
  blocked: false,
});

/** A bank that wants to see the customer, asked while the customer is away. */
export const authenticationRequired: Declined = {
  kind: "declined",
  code: "authentication_required",
  declineCode: "authentication_required",
  message: "Your card was declined. This transaction requires authentication.",
  advice: null,
  networkCode: "1A",
  blocked: false,
};

const generic = decline("generic_decline", { networkCode: "01", advice: "try_again_later" });
const insufficientFunds = decline("insufficient_funds", {
  networkCode: "51",
  advice: "try_again_later",
  message: "Your card has insufficient funds.",
});
const lost = decline("lost_card", { networkCode: "41", advice: "do_not_try_again" });
const stolen = decline("stolen_card", { networkCode: "43", advice: "do_not_try_again" });
const velocity = decline("card_velocity_exceeded", {
  networkCode: "65",
  advice: "try_again_later",
  message: "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
});
const doNotHonor = decline("do_not_honor", { networkCode: "05", advice: "try_again_later" });
const fraudulent = decline("fraudulent", { networkCode: "59", advice: "do_not_try_again" });
const blocked = decline("fraudulent", { networkCode: null, advice: null, blocked: true });
const expired = refusedCard("expired_card", "Your card has expired.", "54", "confirm_card_data");
const wrongCvc = refusedCard("incorrect_cvc", "Your card's security code is incorrect.", "N7", "confirm_card_data");
const processingError = refusedCard(
  "processing_error",
  "An error occurred while processing your card. Try again in a little bit.",
  "96",
  "try_again_later",
);

const visa = (last4: string, outcome: Outcome, more: Partial<TestCard> = {}): TestCard => ({
  brand: "visa",
  last4,
  outcome,
  ...more,
});
const succeeds: Outcome = { kind: "succeeds" };

/** Test payment methods by name. The last group is our own: Stripe's testing page has no card for these. */
const TEST_CARDS: Readonly<Record<string, TestCard>> = {
  pm_card_visa: visa("4242", succeeds),
  pm_card_visa_debit: visa("5556", succeeds),
  pm_card_mastercard: { brand: "mastercard", last4: "4444", outcome: succeeds },
  pm_card_amex: { brand: "amex", last4: "0005", outcome: succeeds },

  pm_card_chargeDeclined: visa("0002", generic),
  pm_card_visa_chargeDeclined: visa("0002", generic),
  pm_card_chargeDeclinedInsufficientFunds: visa("9995", insufficientFunds),
  pm_card_visa_chargeDeclinedInsufficientFunds: visa("9995", insufficientFunds),
  pm_card_visa_chargeDeclinedLostCard: visa("9987", lost),
  pm_card_visa_chargeDeclinedStolenCard: visa("9979", stolen),
  pm_card_visa_chargeDeclinedVelocityLimitExceeded: visa("6975", velocity),
  pm_card_chargeDeclinedExpiredCard: visa("0069", expired),
  pm_card_chargeDeclinedIncorrectCvc: visa("0127", wrongCvc),
  pm_card_chargeDeclinedProcessingError: visa("0119", processingError),
  pm_card_radarBlock: visa("0019", blocked),
  pm_card_chargeCustomerFail: visa("0341", generic, { savable: true }),

  pm_card_authenticationRequired: visa("3184", { kind: "needs_action", when: "always", refusal: null }),
  pm_card_threeDSecure2Required: visa("3220", { kind: "needs_action", when: "always", refusal: null }),
  pm_card_authenticationRequiredOnSetup: visa("3155", { kind: "needs_action", when: "until_set_up", refusal: null }),
  pm_card_authenticationRequiredSetupForOffSession: visa("0446", { kind: "needs_action", when: "on_session", refusal: null }),
  pm_card_authenticationRequiredChargeDeclinedInsufficientFunds: visa(
    "3178",
    { kind: "needs_action", when: "until_set_up", refusal: insufficientFunds },
    { savable: true },
  ),

  pm_card_pendingRefund: visa("7726", succeeds, { refunds: "pending" }),
  pm_card_refundFail: visa("5126", succeeds, { refunds: "fails_later" }),
  pm_card_createDispute: visa("0259", succeeds, { dispute: { reason: "fraudulent", inquiry: false } }),
  pm_card_createDisputeProductNotReceived: visa("2685", succeeds, {
    dispute: { reason: "product_not_received", inquiry: false },
  }),
  pm_card_createDisputeInquiry: visa("1976", succeeds, { dispute: { reason: "fraudulent", inquiry: true } }),

  pm_card_processing: visa("9901", { kind: "settles_later" }),
  pm_card_visa_chargeDeclinedDoNotHonor: visa("9902", doNotHonor),
  pm_card_visa_chargeDeclinedFraudulent: visa("9903", fraudulent),
  pm_card_refundRequiresAction: visa("9904", succeeds, { refunds: "needs_action" }),
  pm_card_savedInsufficientFunds: visa("9905", insufficientFunds, { savable: true }),
  pm_card_savedLostCard: visa("9906", lost, { savable: true }),
  pm_card_savedExpiredCard: visa("9907", expired, { savable: true }),
};

/** Card numbers of the same page, each with the name of its test method. */
const NUMBERS: Readonly<Record<string, string>> = {
  "4242424242424242": "pm_card_visa",
  "4000056655665556": "pm_card_visa_debit",
  "5555555555554444": "pm_card_mastercard",
  "378282246310005": "pm_card_amex",
  "4000000000000002": "pm_card_visa_chargeDeclined",
  "4000000000009995": "pm_card_visa_chargeDeclinedInsufficientFunds",
  "4000000000009987": "pm_card_visa_chargeDeclinedLostCard",
  "4000000000009979": "pm_card_visa_chargeDeclinedStolenCard",
  "4000000000006975": "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
  "4000000000000069": "pm_card_chargeDeclinedExpiredCard",
  "4000000000000127": "pm_card_chargeDeclinedIncorrectCvc",
  "4000000000000119": "pm_card_chargeDeclinedProcessingError",
  "4100000000000019": "pm_card_radarBlock",
  "4000000000000341": "pm_card_chargeCustomerFail",
  "4000002760003184": "pm_card_authenticationRequired",
  "4000000000003220": "pm_card_threeDSecure2Required",
  "4000002500003155": "pm_card_authenticationRequiredOnSetup",
  "4000003800000446": "pm_card_authenticationRequiredSetupForOffSession",
  "4000008260003178": "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
  "4000000000007726": "pm_card_pendingRefund",
  "4000000000005126": "pm_card_refundFail",
  "4000000000000259": "pm_card_createDispute",
  "4000000000002685": "pm_card_createDisputeProductNotReceived",
  "4000000000001976": "pm_card_createDisputeInquiry",
};

/** The test card of this name, such as `pm_card_visa`, or `undefined`. */
export function testCard(name: string): TestCard | undefined {
  return Object.hasOwn(TEST_CARDS, name) ? TEST_CARDS[name] : undefined;
}

/** The name of the test card with this number, or `undefined`. */
export function testCardNumbered(number: string): string | undefined {
  return Object.hasOwn(NUMBERS, number) ? NUMBERS[number] : undefined;
}

/** Whether the last digit of a card number agrees with the others (ISO/IEC 7812). */
export function hasCheckDigit(number: string): boolean {
  const sum = Array.from(number)
    .toReversed()
    .reduce((total, digit, index) => {
      const doubled = index % 2 === 0 ? Number(digit) : Number(digit) * 2;
      return total + (doubled > 9 ? doubled - 9 : doubled);
    }, 0);
  return sum % 10 === 0;
}

/** A card on which a step in the customer's browser is needed, given whether it is set up and the customer is away. */
export function asksCustomer(outcome: Outcome, away: boolean, setUp: boolean): boolean {
  if (outcome.kind !== "needs_action") return false;
  if (!away) return true;
  return outcome.when === "always" || (outcome.when === "until_set_up" && !setUp);
}

/** What an error, and the object that keeps it, tell of a refusal. */
export function whyDeclined({ code, message, declineCode, advice, networkCode }: Declined) {
  return {
    code,
    message,
    ...(declineCode === null ? {} : { decline_code: declineCode }),
    ...(advice === null ? {} : { advice_code: advice }),
    ...(networkCode === null ? {} : { network_decline_code: networkCode }),
  };
}
