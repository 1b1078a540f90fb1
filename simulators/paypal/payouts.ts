import { newId, stamp } from "./books.ts";
import type { Body } from "./body.ts";
import { type Answer, type Call, keep, link, listOf, pageOf, mustHave, tell } from "./call.ts";
import { businessFault, missing, PaypalProblem } from "./errors.ts";
import { minorOf, money } from "./money.ts";
import type { Payout, PayoutItem } from "./objects.ts";

const BATCH_ID_KEPT_MS = 30 * 86_400_000;
/** What sending money costs: 2 %, at most this many units. */
const MAX_FEE = 2000;

/** `POST /v1/payments/payouts`: taken now, carried out right after. A `sender_batch_id` works once in 30 days. */
export function createPayout(call: Call): Answer {
  const { body } = call;
  const header = body.mustObject("sender_batch_header");
  const senderBatchId = header.string("sender_batch_id", 256) ?? newId.money();
  const texts = Object.fromEntries(
    ["email_subject", "email_message", "recipient_type", "note"].flatMap((name) => {
      const text = header.string(name, 1000);
      return text === undefined ? [] : [[name, text]];
    }),
  );
  header.done();
  const known = listOf(call, "payouts").find((other) => other.senderBatchId === senderBatchId);
  if (known && call.now - known.createdAt < BATCH_ID_KEPT_MS) {
    const issue = { issue: "Batch with given sender_batch_id already exists", field: "SENDER_BATCH_ID" };
    throw new PaypalProblem(400, "USER_BUSINESS_ERROR", "User business error.", [issue], [link(selfOf(call, known.id), "self")]);
  }
  const payout: Payout = {
    id: newId.money().slice(0, 13),
    senderBatchId,
    header: { sender_batch_id: senderBatchId, ...texts },
    status: "PENDING",
    items: body.mustList("items", 15_000).map((item) => readItem(call, item)),
    createdAt: call.now,
    completedAt: null,
  };
  body.done();
  keep(call, "payouts", payout);
  const batch_header = { payout_batch_id: payout.id, batch_status: "PENDING", sender_batch_header: payout.header };
  carryOut(call, structuredClone(payout));
  return { status: 201, body: { batch_header, links: [link(selfOf(call, payout.id), "self")] } };
}

function readItem(call: Call, body: Body): PayoutItem {
  const amount = body.mustObject("amount").here(["currency", "value"]);
  const note = body.string("note", 1000);
  const senderItemId = body.string("sender_item_id", 63);
  const item = {
    recipient_type: body.oneOf("recipient_type", ["EMAIL", "PHONE", "PAYPAL_ID"] as const) ?? "EMAIL",
    receiver: body.mustString("receiver", 127),
    ...(note === undefined ? {} : { note }),
    ...(senderItemId === undefined ? {} : { sender_item_id: senderItemId }),
  };
  body.any("notification_language", "purpose", "application_context", "recipient_wallet", "alternate_notification_method");
  body.done();
  const fee = money(amount.currency_code, Math.min(MAX_FEE, Math.round(minorOf(amount) / 50)));
  return { id: newId.money().slice(0, 13), transactionId: null, status: "PENDING", error: null, amount, fee, item, at: call.now };
}

/** Receivers whose name begins so do not simply get their money. */
const TROUBLE = {
  unclaimed: ["UNCLAIMED", "RECEIVER_UNREGISTERED", "The receiver has no account yet."],
  failed: ["FAILED", "RECEIVER_ACCOUNT_LOCKED", "The receiver's account is locked."],
} as const;

function carryOut(call: Call, payout: Payout): void {
  for (const item of payout.items) {
    const trouble = Object.entries(TROUBLE).find(([name]) => item.item.receiver.startsWith(name))?.[1];
    item.status = trouble ? trouble[0] : "SUCCESS";
    item.error = trouble ? { name: trouble[1], message: trouble[2] } : null;
    if (item.status !== "FAILED") item.transactionId = newId.money();
  }
  payout.status = "SUCCESS";
  payout.completedAt = call.now;
  keep(call, "payouts", payout);
  for (const item of payout.items) tellItem(call, payout, item);
  const resource = { batch_header: headerOf(payout), links: [link(selfOf(call, payout.id), "self")] };
  tell(call, {
    type: "PAYMENT.PAYOUTSBATCH.SUCCESS",
    kind: "payouts",
    summary: "Payouts batch completed successfully.",
    resource,
  });
}

/** `GET /v1/payments/payouts/{id}` */
export function getPayout(call: Call): Answer {
  const payout = mustHave(call, "payouts");
  const { items, totals } = pageOf(call, payout.items, 1000, 1000);
  const body = { ...totals, batch_header: headerOf(payout), items: items.map((item) => presentItem(call, payout, item)) };
  return { status: 200, body: { ...body, links: [link(selfOf(call, payout.id), "self")] } };
}

/** `GET /v1/payments/payouts-item/{id}` */
export function getPayoutItem(call: Call): Answer {
  const [payout, item] = itemOf(call);
  return { status: 200, body: presentItem(call, payout, item) };
}

/** `POST /v1/payments/payouts-item/{id}/cancel`: money that nobody claimed comes back. */
export function cancelPayoutItem(call: Call): Answer {
  const [payout, item] = itemOf(call);
  if (item.status !== "UNCLAIMED") {
    throw businessFault("ITEM_NOT_CANCELLABLE", `An item that is ${item.status} cannot be cancelled.`);
  }
  item.status = "RETURNED";
  item.at = call.now;
  keep(call, "payouts", payout);
  tellItem(call, payout, item);
  return { status: 200, body: presentItem(call, payout, item) };
}

function itemOf(call: Call): [Payout, PayoutItem] {
  const [id = ""] = call.ids;
  const payout = listOf(call, "payouts").find(({ items }) => items.some((item) => item.id === id));
  const copy = payout && structuredClone(payout);
  const item = copy?.items.find((one) => one.id === id);
  if (!copy || !item) throw missing(id);
  return [copy, item];
}

function tellItem(call: Call, payout: Payout, item: PayoutItem): void {
  const verb = item.status === "SUCCESS" ? "SUCCEEDED" : item.status;
  const resource = presentItem(call, payout, item);
  tell(call, {
    type: `PAYMENT.PAYOUTS-ITEM.${verb}`,
    kind: "payouts_item",
    summary: `A payout item is ${verb.toLowerCase()}`,
    resource,
  });
}

const selfOf = ({ origin }: Call, id: string) => `${origin}/v1/payments/payouts/${id}`;
const older = ({ currency_code: currency, value }: PayoutItem["amount"]) => ({ currency, value });

function headerOf(payout: Payout): object {
  const currency = payout.items[0]?.amount.currency_code ?? "USD";
  const sum = (of: (item: PayoutItem) => PayoutItem["amount"]) =>
    older(
      money(
        currency,
        payout.items.reduce((total, item) => total + minorOf(of(item)), 0),
      ),
    );
  return {
    payout_batch_id: payout.id,
    batch_status: payout.status,
    time_created: stamp(payout.createdAt),
    ...(payout.completedAt === null ? {} : { time_completed: stamp(payout.completedAt) }),
    sender_batch_header: payout.header,
    amount: sum(({ amount }) => amount),
    fees: sum(({ fee }) => fee),
  };
}

function presentItem(call: Call, payout: Payout, item: PayoutItem): object {
  return {
    payout_item_id: item.id,
    ...(item.transactionId === null ? {} : { transaction_id: item.transactionId }),
    transaction_status: item.status,
    payout_item_fee: older(item.fee),
    payout_batch_id: payout.id,
    sender_batch_id: payout.senderBatchId,
    payout_item: { ...item.item, amount: older(item.amount) },
    ...(item.error ? { errors: { ...item.error, debug_id: "0" } } : {}),
    time_processed: stamp(item.at),
    links: [link(`${call.origin}/v1/payments/payouts-item/${item.id}`, "item"), link(selfOf(call, payout.id), "batch")],
  };
}
