import type Stripe from "stripe";
import { newId, nowInSeconds } from "./books.ts";
import { type Call, createdFilter, expanded, listPage, mustHave, tell } from "./call.ts";
import { money } from "./currencies.ts";
import { StripeProblem, refused } from "./errors.ts";

/** `POST /v1/refunds`: all that is left of a charge, or part of it. */
export function createRefund(call: Call): object {
  const { params } = call;
  const chargeId = params.string("charge");
  const intentId = params.string("payment_intent");
  const asked = params.integer("amount");
  const reason = params.oneOf("reason", ["duplicate", "fraudulent", "requested_by_customer"]) ?? null;
  const metadata = params.metadata() ?? {};
  const expand = params.list("expand");
  params.done(["currency", "customer", "instructions_email", "origin", "refund_application_fee", "reverse_transfer"]);
  if (asked !== undefined && asked < 1) {
    throw refused("This value must be greater than or equal to 1.", { code: "parameter_invalid_integer", param: "amount" });
  }

  const charge = structuredClone(refundedCharge(call, chargeId, intentId));
  const left = charge.amount_captured - charge.amount_refunded;
  if (left <= 0) throw failed("charge_already_refunded", `Charge ${charge.id} has already been refunded.`);
  const amount = asked ?? left;
  if (amount > left) {
    const message = `Refund amount (${money(amount, charge.currency)}) is greater than unrefunded amount on charge (${money(left, charge.currency)})`;
    throw failed("amount_too_large", message, "amount");
  }

  const refund: Stripe.Refund = {
    id: newId("re"),
    object: "refund",
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: nowInSeconds(),
    currency: charge.currency,
    customer: null,
    customer_account: null,
    destination_details: {
      card: { reference_status: "pending", reference_type: "acquirer_reference_number", type: "refund" },
      type: "card",
    },
    metadata: Object.fromEntries(Object.entries(metadata).filter((pair): pair is [string, string] => pair[1] !== null)),
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: "succeeded",
    transfer_reversal: null,
  };
  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount_captured;
  call.books.put("refunds", refund.id, { book: call.key.book.id, object: refund });
  call.books.put("charges", charge.id, { book: call.key.book.id, object: charge });
  tell(call, "refund.created", refund);
  tell(call, "charge.refunded", charge);
  return expanded(call, refund, expand);
}

/** `GET /v1/refunds/{id}` */
export function retrieveRefund(call: Call): object {
  const [id = ""] = call.ids;
  const expand = call.params.list("expand");
  call.params.done();
  return expanded(call, mustHave(call, "refunds", id).object, expand);
}

/** `GET /v1/refunds` */
export function listRefunds(call: Call): object {
  const { params } = call;
  const page = params.page();
  const created = createdFilter(params);
  const charge = params.string("charge");
  const intent = params.string("payment_intent");
  const expand = params.list("expand");
  params.done();
  const keep = (refund: Stripe.Refund) =>
    created(refund) &&
    (charge === undefined || refund.charge === charge) &&
    (intent === undefined || refund.payment_intent === intent);
  return expanded(call, listPage(call, call.books.entries("refunds"), "/v1/refunds", page, keep), expand);
}

function refundedCharge(call: Call, chargeId: string | undefined, intentId: string | undefined): Stripe.Charge {
  if ((chargeId === undefined) === (intentId === undefined)) {
    throw refused("One of the following params should be provided for this request: payment_intent or charge.");
  }
  const intent = intentId === undefined ? undefined : mustHave(call, "intents", intentId, "payment_intent", 400).object;
  const id =
    chargeId ?? (intent?.status === "succeeded" && typeof intent.latest_charge === "string" ? intent.latest_charge : undefined);
  if (id === undefined)
    throw failed("resource_missing", `This PaymentIntent (${intentId}) does not have a successful charge to refund.`);
  const charge = mustHave(call, "charges", id, "charge", 400).object;
  if (charge.status === "succeeded") return charge;
  throw failed("charge_not_refundable", `Charge ${charge.id} is ${charge.status} and cannot be refunded.`, "charge");
}

function failed(code: string, message: string, param?: string): StripeProblem {
  return new StripeProblem(400, { type: "invalid_request_error", code, message, ...(param === undefined ? {} : { param }) });
}
