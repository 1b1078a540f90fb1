import type Stripe from "stripe";
import { newId, nowInSeconds } from "./books.ts";
import { type Call, createdFilter, expanded, listPage, mustHave } from "./call.ts";
import type { Declined } from "./cards.ts";

/** `GET /v1/charges/{id}` */
export function retrieveCharge(call: Call): object {
  const [id = ""] = call.ids;
  const expand = call.params.list("expand");
  call.params.done();
  return expanded(call, mustHave(call, "charges", id).object, expand);
}

/** `GET /v1/charges`, by time, customer and intent. */
export function listCharges(call: Call): object {
  const { params } = call;
  const page = params.page();
  const created = createdFilter(params);
  const customer = params.string("customer");
  const intent = params.string("payment_intent");
  const expand = params.list("expand");
  params.done(["transfer_group"]);
  const keep = (charge: Stripe.Charge) =>
    created(charge) &&
    (customer === undefined || charge.customer === customer) &&
    (intent === undefined || charge.payment_intent === intent);
  return expanded(call, listPage(call, call.books.entries("charges"), "/v1/charges", page, keep), expand);
}

/** A charge of an intent: `amount` minor units tried on its payment method, with the result told by `result`. */
export function newCharge(
  call: Call,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod | undefined,
  amount: number,
  result: "succeeded" | "authorized" | "pending" | "failed",
  decline?: Declined,
): Stripe.Charge {
  const { book } = call.key;
  return {
    id: newId("ch"),
    object: "charge",
    amount,
    amount_captured: result === "succeeded" ? amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method?.billing_details ?? { address: null, email: null, name: null, phone: null, tax_id: null },
    calculated_statement_descriptor: book.account.toUpperCase().slice(0, 22),
    captured: result === "succeeded" || result === "pending",
    created: nowInSeconds(call.books, call.key.book.id),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: book.livemode,
    metadata: { ...intent.metadata },
    on_behalf_of: null,
    outcome: result === "pending" ? null : judgement(decline),
    paid: result === "succeeded" || result === "authorized",
    payment_intent: intent.id,
    payment_method: method?.id ?? null,
    payment_method_details: method ? cardDetails(method, amount) : null,
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: result === "authorized" ? "succeeded" : result,
    transfer_data: null,
    transfer_group: null,
  };
}

/** What Stripe and the bank thought of a payment. */
function judgement(decline?: Declined): Stripe.Charge.Outcome {
  if (decline?.blocked) {
    return {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: "not_sent_to_network",
      reason: "highest_risk_level",
      risk_level: "highest",
      risk_score: 90,
      seller_message: "Stripe blocked this payment as too risky.",
      type: "blocked",
    };
  }
  return {
    advice_code: decline?.advice ?? null,
    network_advice_code: null,
    network_decline_code: decline?.networkCode ?? null,
    network_status: decline ? "declined_by_network" : "approved_by_network",
    reason: decline ? (decline.declineCode ?? decline.code) : null,
    risk_level: "normal",
    risk_score: 20,
    seller_message: decline ? "The bank did not return any further details with this decline." : "Payment complete.",
    type: decline ? "issuer_declined" : "authorized",
  };
}

function cardDetails({ card }: Stripe.PaymentMethod, amount: number): Stripe.Charge.PaymentMethodDetails {
  return {
    card: {
      amount_authorized: amount,
      authorization_code: null,
      brand: card?.brand ?? null,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: "pass" },
      country: "US",
      electronic_commerce_indicator: null,
      exp_month: card?.exp_month ?? 12,
      exp_year: card?.exp_year ?? 2034,
      fingerprint: card?.fingerprint ?? null,
      funding: "credit",
      installments: null,
      last4: card?.last4 ?? null,
      mandate: null,
      network: card?.brand ?? null,
      network_transaction_id: null,
      regulated_status: "unregulated",
      three_d_secure: null,
      transaction_link_id: null,
      wallet: null,
    },
    type: "card",
  };
}
