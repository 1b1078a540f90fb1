import type Stripe from "stripe";
import { newId, nowInSeconds } from "./books.ts";
import { type Call, createdFilter, expanded, listPage, mustHave, tell } from "./call.ts";
import type { RefundCourse } from "./cards.ts";
import { money } from "./currencies.ts";
import { disputesOf } from "./disputes.ts";
import { StripeProblem, refused } from "./errors.ts";
import { mergedMetadata } from "./form.ts";
import { cardOf } from "./methods.ts";
import { post } from "./transactions.ts";

type Refund = Stripe.Refund;

/** `POST /v1/refunds`: all that is left of a charge, or part of it. How it goes on depends on the card. */
export function createRefund(call: Call): object {
  const { params } = call;
  const chargeId = params.string("charge");
  const intentId = params.string("payment_intent");
  const asked = params.integer("amount");
  const reason = params.oneOf("reason", ["duplicate", "fraudulent", "requested_by_customer"]) ?? null;
  const metadata = mergedMetadata({}, params.metadata());
  const expand = params.list("expand");
  params.done(["currency", "customer", "instructions_email", "origin", "refund_application_fee", "reverse_transfer"]);
  if (asked !== undefined && asked < 1) {
    throw refused("This value must be greater than or equal to 1.", { code: "parameter_invalid_integer", param: "amount" });
  }

  const charge = structuredClone(refundedCharge(call, chargeId, intentId));
  const amount = refundable(call, charge, asked);
  const held = charge.payment_method === null ? undefined : call.books.get("methods", charge.payment_method);
  const refund: Refund = { ...newRefund(call, charge, amount, (held && cardOf(held).refunds) ?? "succeeds"), reason, metadata };
  refund.balance_transaction = post(call, {
    type: "refund",
    category: "refund",
    amount: -amount,
    currency: charge.currency,
    source: refund.id,
    description: `REFUND FOR CHARGE${charge.description === null ? "" : ` (${charge.description})`}`,
  }).id;
  const before = structuredClone(charge);
  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount;
  keep(call, refund);
  call.books.put("charges", charge.id, { book: call.key.book.id, object: charge });
  tell(call, "refund.created", refund);
  tell(call, "charge.refunded", charge, before);
  return expanded(call, refund, expand);
}

/** `GET /v1/refunds/{id}` */
export function retrieveRefund(call: Call): object {
  const refund = refundOf(call);
  const expand = call.params.list("expand");
  call.params.done();
  return expanded(call, refund, expand);
}

/** `POST /v1/refunds/{id}`: nothing but its metadata. */
export function updateRefund(call: Call): object {
  const { params } = call;
  const refund = refundOf(call);
  const before = structuredClone(refund);
  refund.metadata = mergedMetadata(refund.metadata, params.metadata());
  const expand = params.list("expand");
  params.done();
  keep(call, refund);
  tellUpdated(call, refund, before);
  return expanded(call, refund, expand);
}

/** `POST /v1/refunds/{id}/cancel`: only while the customer still has to act on it. */
export function cancelRefund(call: Call): object {
  const refund = refundOf(call);
  const expand = call.params.list("expand");
  call.params.done();
  if (refund.status !== "requires_action") {
    throw failed("resource_missing", `You cannot cancel a refund with a status of ${String(refund.status)}.`);
  }
  giveBack(call, refund, "canceled", "merchant_request");
  return expanded(call, refund, expand);
}

/** `GET /v1/refunds`, by time, charge and intent. */
export function listRefunds(call: Call): object {
  const { params } = call;
  const page = params.page();
  const created = createdFilter(params);
  const charge = params.string("charge");
  const intent = params.string("payment_intent");
  const expand = params.list("expand");
  params.done();
  const keepRow = (refund: Refund) =>
    created(refund) &&
    (charge === undefined || refund.charge === charge) &&
    (intent === undefined || refund.payment_intent === intent);
  return expanded(call, listPage(call, call.books.entries("refunds"), "/v1/refunds", page, keepRow), expand);
}

/** A refund has reached the customer. */
export function finishRefund(call: Call, refund: Refund): void {
  const before = structuredClone(refund);
  refund.status = "succeeded";
  delete refund.pending_reason;
  delete refund.next_action;
  keep(call, refund);
  tellUpdated(call, refund, before);
}

/** A refund ends without reaching the customer: its money returns to the balance, and its charge can be refunded again. */
export function giveBack(call: Call, refund: Refund, status: "failed" | "canceled", reason: string): void {
  const before = structuredClone(refund);
  refund.status = status;
  refund.failure_reason = reason;
  delete refund.pending_reason;
  delete refund.next_action;
  refund.failure_balance_transaction = post(call, {
    type: "refund_failure",
    category: "refund_failure",
    amount: refund.amount,
    currency: refund.currency,
    source: refund.id,
    description: "REFUND FAILURE",
  }).id;
  const owned = typeof refund.charge === "string" ? call.books.get("charges", refund.charge) : undefined;
  if (owned) {
    const object = { ...owned.object, amount_refunded: owned.object.amount_refunded - refund.amount, refunded: false };
    call.books.put("charges", object.id, { ...owned, object });
  }
  keep(call, refund);
  tellUpdated(call, refund, before);
  if (status === "failed") tell(call, "refund.failed", refund, before);
}

/** Stripe tells a change of a refund under two names, the older one with the charge. */
function tellUpdated(call: Call, refund: Refund, before: Refund): void {
  tell(call, "refund.updated", refund, before);
  tell(call, "charge.refund.updated", refund, before);
}

function keep(call: Call, refund: Refund): void {
  call.books.put("refunds", refund.id, { book: call.key.book.id, object: refund });
}

function refundOf(call: Call): Refund {
  const [id = ""] = call.ids;
  return structuredClone(mustHave(call, "refunds", id).object);
}

/** The amount of a refund: what is asked for, or all that is left. Throws where less is left. */
function refundable(call: Call, charge: Stripe.Charge, asked: number | undefined): number {
  const takenBack = disputesOf(call, charge.id).some(({ is_charge_refundable: refundableStill }) => !refundableStill);
  if (takenBack) throw failed("charge_disputed", `Charge ${charge.id} has been charged back; cannot issue a refund.`);
  const left = charge.amount - charge.amount_refunded;
  if (left <= 0) throw failed("charge_already_refunded", `Charge ${charge.id} has already been refunded.`);
  const amount = asked ?? left;
  if (amount <= left) return amount;
  const message = `Refund amount (${money(amount, charge.currency)}) is greater than unrefunded amount on charge (${money(left, charge.currency)})`;
  throw failed("amount_too_large", message, "amount");
}

function newRefund(call: Call, charge: Stripe.Charge, amount: number, course: RefundCourse): Refund {
  const refund: Refund = {
    id: newId("re"),
    object: "refund",
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: nowInSeconds(call.books, call.key.book.id),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: {
      card: { reference_status: "pending", reference_type: "acquirer_reference_number", type: "refund" },
      type: "card",
    },
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: "succeeded",
    transfer_reversal: null,
  };
  if (course === "pending") return { ...refund, status: "pending", pending_reason: "processing" };
  if (course === "needs_action") {
    const details = {
      email_sent: { email_sent_at: refund.created, email_sent_to: "customer@example.com" },
      expires_at: refund.created + 3_888_000,
    };
    return { ...refund, status: "requires_action", next_action: { type: "display_details", display_details: details } };
  }
  return refund;
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
  if (charge.status === "succeeded" && charge.captured) return charge;
  const what = charge.status === "succeeded" ? "not captured" : charge.status;
  throw failed("charge_not_refundable", `Charge ${charge.id} is ${what} and cannot be refunded.`, "charge");
}

function failed(code: string, message: string, param?: string): StripeProblem {
  return new StripeProblem(400, { type: "invalid_request_error", code, message, ...(param === undefined ? {} : { param }) });
}
