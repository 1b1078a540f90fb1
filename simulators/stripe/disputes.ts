import type Stripe from "stripe";
import { newId, nowInSeconds } from "./books.ts";
import { type Call, createdFilter, expanded, idIn, listPage, mustHave, tell } from "./call.ts";
import { refused } from "./errors.ts";
import { type Params, mergedMetadata } from "./form.ts";
import { DISPUTE_FEE, post } from "./transactions.ts";

type Dispute = Stripe.Dispute;

const DUE_AFTER_S = 7 * 24 * 60 * 60;

const EVIDENCE = [
  "access_activity_log",
  "billing_address",
  "cancellation_policy",
  "cancellation_policy_disclosure",
  "cancellation_rebuttal",
  "customer_communication",
  "customer_email_address",
  "customer_name",
  "customer_purchase_ip",
  "customer_signature",
  "duplicate_charge_documentation",
  "duplicate_charge_explanation",
  "duplicate_charge_id",
  "product_description",
  "receipt",
  "refund_policy",
  "refund_policy_disclosure",
  "refund_refusal_explanation",
  "service_date",
  "service_documentation",
  "shipping_address",
  "shipping_carrier",
  "shipping_date",
  "shipping_documentation",
  "shipping_tracking_number",
  "uncategorized_file",
  "uncategorized_text",
] as const;

/** The customer's bank takes a payment back, or with `inquiry` only asks about it: then no money moves yet. */
export function openDispute(
  call: Call,
  chargeId: string,
  { reason, inquiry, amount }: { reason: string; inquiry: boolean; amount?: number },
): Dispute | undefined {
  const owned = call.books.get("charges", chargeId);
  if (!owned) return undefined;
  const charge = { ...owned.object, disputed: true };
  call.books.put("charges", chargeId, { ...owned, object: charge });
  const dispute = newDispute(call, charge, reason, inquiry, amount ?? charge.amount_captured - givenBack(charge));
  keep(call, dispute);
  tell(call, "charge.dispute.created", dispute);
  if (!inquiry) withdraw(call, dispute);
  return dispute;
}

/** An inquiry becomes a chargeback. */
export function escalate(call: Call, dispute: Dispute): void {
  const before = structuredClone(dispute);
  Object.assign(dispute, { status: "needs_response", is_charge_refundable: false } satisfies Partial<Dispute>);
  if (dispute.payment_method_details?.card) dispute.payment_method_details.card.case_type = "chargeback";
  dispute.evidence_details = {
    ...dispute.evidence_details,
    due_by: nowInSeconds(call.books, call.key.book.id) + DUE_AFTER_S,
    submission_count: 0,
  };
  keep(call, dispute);
  tell(call, "charge.dispute.updated", dispute, before);
  withdraw(call, dispute);
}

/** Ends a dispute; who wins gets the money, but not the fee. */
export function conclude(call: Call, dispute: Dispute, status: "won" | "lost" | "warning_closed"): void {
  const before = structuredClone(dispute);
  Object.assign(dispute, { status, is_charge_refundable: status !== "lost" } satisfies Partial<Dispute>);
  dispute.evidence_details = { ...dispute.evidence_details, due_by: null };
  keep(call, dispute);
  tell(call, "charge.dispute.closed", dispute, before);
  if (status === "won") reinstate(call, dispute);
}

/** Whether a dispute is still to be decided. */
export const isOpen = ({ status }: Dispute) => !["won", "lost", "warning_closed", "prevented"].includes(status);

/** The disputes of a charge, oldest first. */
export function disputesOf(call: Call, chargeId: string): Dispute[] {
  return [...call.books.entries("disputes")]
    .filter(([, { book, object }]) => book === call.key.book.id && object.charge === chargeId)
    .map(([, { object }]) => object);
}

/** `GET /v1/disputes/{id}` */
export function retrieveDispute(call: Call): object {
  const dispute = disputeOf(call);
  const expand = call.params.list("expand");
  call.params.done();
  return expanded(call, dispute, expand);
}

/** `GET /v1/disputes`, by time, charge and intent. */
export function listDisputes(call: Call): object {
  const { params } = call;
  const page = params.page();
  const created = createdFilter(params);
  const charge = params.string("charge");
  const intent = params.string("payment_intent");
  const expand = params.list("expand");
  params.done();
  const keepRow = (dispute: Dispute) =>
    created(dispute) &&
    (charge === undefined || dispute.charge === charge) &&
    (intent === undefined || dispute.payment_intent === intent);
  return expanded(call, listPage(call, call.books.entries("disputes"), "/v1/disputes", page, keepRow), expand);
}

/**
 * `POST /v1/disputes/{id}`: evidence, sent to the bank at once unless `submit` is false. The words `winning_evidence`,
 * `losing_evidence` and `escalate_inquiry_evidence` as `uncategorized_text` decide a dispute soon after.
 */
export function updateDispute(call: Call): object {
  const { params } = call;
  const dispute = disputeOf(call);
  const before = structuredClone(dispute);
  const evidence = readEvidence(params);
  const metadata = mergedMetadata(dispute.metadata, params.metadata());
  const submit = params.boolean("submit") ?? true;
  const expand = params.list("expand");
  params.done(["intended_submission_method"]);
  if (evidence && (!isOpen(dispute) || dispute.evidence_details.submission_count > 0)) {
    const why = isOpen(dispute) ? "its evidence has already been submitted" : `it is ${dispute.status}`;
    throw refused(`You cannot update the evidence of this dispute because ${why}.`, { param: "evidence" });
  }

  dispute.metadata = metadata;
  Object.assign(dispute.evidence, evidence);
  const hasEvidence = EVIDENCE.some((field) => dispute.evidence[field] !== null);
  dispute.evidence_details.has_evidence = hasEvidence;
  const sent = submit && hasEvidence && isOpen(dispute) && dispute.evidence_details.submission_count === 0;
  if (sent) {
    dispute.status = dispute.status.startsWith("warning") ? "warning_under_review" : "under_review";
    Object.assign(dispute.evidence_details, { submission_count: 1, submission_method: "manual" });
  }
  keep(call, dispute);
  tell(call, "charge.dispute.updated", dispute, before);
  if (sent) call.afterwards.push(() => judge(call, structuredClone(dispute)));
  return expanded(call, dispute, expand);
}

/** `POST /v1/disputes/{id}/close`: the vendor gives in. */
export function closeDispute(call: Call): object {
  const dispute = disputeOf(call);
  const expand = call.params.list("expand");
  call.params.done();
  if (!isOpen(dispute)) throw refused("This dispute is already closed.");
  conclude(call, dispute, dispute.status.startsWith("warning") ? "warning_closed" : "lost");
  return expanded(call, dispute, expand);
}

function judge(call: Call, dispute: Dispute): void {
  const inquiry = dispute.status.startsWith("warning");
  const verdict = dispute.evidence.uncategorized_text;
  if (verdict === "winning_evidence") conclude(call, dispute, inquiry ? "warning_closed" : "won");
  if (verdict === "losing_evidence") conclude(call, dispute, inquiry ? "warning_closed" : "lost");
  if (verdict === "escalate_inquiry_evidence" && inquiry) escalate(call, dispute);
}

function withdraw(call: Call, dispute: Dispute): void {
  const transaction = post(call, {
    type: "adjustment",
    category: "dispute",
    amount: -dispute.amount,
    fee: DISPUTE_FEE,
    currency: dispute.currency,
    source: dispute.id,
    description: `Chargeback withdrawal for ${idIn(dispute.charge)}`,
  });
  dispute.balance_transactions.push(transaction);
  keep(call, dispute);
  tell(call, "charge.dispute.funds_withdrawn", dispute);
}

function reinstate(call: Call, dispute: Dispute): void {
  const transaction = post(call, {
    type: "adjustment",
    category: "dispute_reversal",
    amount: dispute.amount,
    currency: dispute.currency,
    source: dispute.id,
    description: `Chargeback reversal for ${idIn(dispute.charge)}`,
  });
  dispute.balance_transactions.push(transaction);
  keep(call, dispute);
  tell(call, "charge.dispute.funds_reinstated", dispute);
}

/** What has gone back to the customer by refunds already. */
const givenBack = (charge: Stripe.Charge) => charge.amount_refunded - (charge.amount - charge.amount_captured);

function keep(call: Call, dispute: Dispute): void {
  call.books.put("disputes", dispute.id, { book: call.key.book.id, object: structuredClone(dispute) });
}

function disputeOf(call: Call): Dispute {
  const [id = ""] = call.ids;
  return structuredClone(mustHave(call, "disputes", id).object);
}

function readEvidence(params: Params): Partial<Record<(typeof EVIDENCE)[number], string | null>> | undefined {
  const given = params.hash("evidence");
  if (!given) return undefined;
  const read = EVIDENCE.filter((field) => given.has(field)).map((field) => [field, given.unsettable(field, 20_000) ?? null]);
  given.done(["appeal", "enhanced_evidence"]);
  return Object.fromEntries(read);
}

function newDispute(call: Call, charge: Stripe.Charge, reason: string, inquiry: boolean, amount: number): Dispute {
  const created = nowInSeconds(call.books, call.key.book.id);
  const brand = charge.payment_method_details?.card?.brand ?? "visa";
  return {
    id: newId("du"),
    object: "dispute",
    amount,
    balance_transactions: [],
    charge: charge.id,
    created,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: blankEvidence(),
    evidence_details: {
      due_by: created + DUE_AFTER_S,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: "not_submitted",
    },
    intended_submission_method: null,
    is_charge_refundable: inquiry,
    livemode: call.key.book.livemode,
    metadata: {},
    network_reason_code: null,
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: { brand, case_type: inquiry ? "inquiry" : "chargeback", network: brand, network_reason_code: null },
      type: "card",
    },
    reason,
    status: inquiry ? "warning_needs_response" : "needs_response",
  };
}

function blankEvidence(): Stripe.Dispute.Evidence {
  return {
    access_activity_log: null,
    billing_address: null,
    cancellation_policy: null,
    cancellation_policy_disclosure: null,
    cancellation_rebuttal: null,
    customer_communication: null,
    customer_email_address: null,
    customer_name: null,
    customer_purchase_ip: null,
    customer_signature: null,
    duplicate_charge_documentation: null,
    duplicate_charge_explanation: null,
    duplicate_charge_id: null,
    enhanced_evidence: {},
    product_description: null,
    receipt: null,
    refund_policy: null,
    refund_policy_disclosure: null,
    refund_refusal_explanation: null,
    service_date: null,
    service_documentation: null,
    shipping_address: null,
    shipping_carrier: null,
    shipping_date: null,
    shipping_documentation: null,
    shipping_tracking_number: null,
    uncategorized_file: null,
    uncategorized_text: null,
  };
}
