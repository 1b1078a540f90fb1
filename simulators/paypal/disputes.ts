import { newId, stamp } from "./books.ts";
import { type Answer, type Call, keep, link, listOf, mustHave, pageOf, tell } from "./call.ts";
import { reverseCapture } from "./captures.ts";
import type { Capture, Dispute } from "./objects.ts";

/** `GET /v1/customer/disputes/{id}` */
export const getDispute = (call: Call): Answer => ({ status: 200, body: presentDispute(call, mustHave(call, "disputes")) });

/** `GET /v1/customer/disputes` */
export function listDisputes(call: Call): Answer {
  const transactionId = call.query.get("disputed_transaction_id");
  const all = listOf(call, "disputes").filter(({ captureId }) => (transactionId ?? captureId) === captureId);
  const { items } = pageOf(call, all.toReversed(), 10, 50);
  const links = [link(`${call.origin}/v1/customer/disputes`, "self")];
  return { status: 200, body: { items: items.map((dispute) => presentDispute(call, dispute)), links } };
}

/** A buyer complains about a payment. */
export function openDispute(call: Call, capture: Capture, reason: string): Dispute {
  const dispute: Dispute = {
    id: newId.dispute(),
    captureId: capture.id,
    reason,
    status: "WAITING_FOR_SELLER_RESPONSE",
    outcome: null,
    amount: capture.amount,
    createdAt: call.now,
    updatedAt: call.now,
  };
  keep(call, "disputes", dispute);
  keep(call, "captures", { ...capture, disputed: true });
  tellDispute(call, "CREATED", dispute);
  return dispute;
}

/** A dispute ends: for the seller, or the money goes back to the buyer. */
export function resolveDispute(call: Call, dispute: Dispute, forSeller: boolean): Dispute {
  const outcome = forSeller ? "RESOLVED_SELLER_FAVOUR" : "RESOLVED_BUYER_FAVOUR";
  const resolved: Dispute = { ...dispute, status: "RESOLVED", outcome, updatedAt: call.now };
  keep(call, "disputes", resolved);
  const capture = mustHave(call, "captures", dispute.captureId);
  if (!forSeller) reverseCapture(call, { ...capture, disputed: false });
  else keep(call, "captures", { ...capture, disputed: false });
  tellDispute(call, "RESOLVED", resolved);
  return resolved;
}

function tellDispute(call: Call, verb: string, dispute: Dispute): void {
  const resource = presentDispute(call, dispute);
  tell(call, { type: `CUSTOMER.DISPUTE.${verb}`, kind: "dispute", summary: `A dispute was ${verb.toLowerCase()}`, resource });
}

function presentDispute(call: Call, dispute: Dispute): object {
  const { amount, outcome } = dispute;
  return {
    dispute_id: dispute.id,
    create_time: stamp(dispute.createdAt),
    update_time: stamp(dispute.updatedAt),
    disputed_transactions: [{ seller_transaction_id: dispute.captureId, gross_amount: amount }],
    reason: dispute.reason,
    status: dispute.status,
    dispute_state: dispute.status === "RESOLVED" ? "RESOLVED" : "REQUIRED_ACTION",
    dispute_amount: amount,
    dispute_life_cycle_stage: "CHARGEBACK",
    ...(outcome === null ? {} : { dispute_outcome: { outcome_code: outcome, amount_refunded: amount } }),
    links: [link(`${call.origin}/v1/customer/disputes/${dispute.id}`, "self")],
  };
}
