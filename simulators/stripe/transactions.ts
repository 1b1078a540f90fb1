import type Stripe from "stripe";
import { newId, nowInSeconds } from "./books.ts";
import { type Call, createdFilter, expanded, listPage, mustHave, tell } from "./call.ts";

type Transaction = Stripe.BalanceTransaction;

/** What Stripe keeps of a payment: 1.5 % and 25 minor units, as its European cards cost; half a unit is rounded up. */
export const paymentFee = (amount: number) => Math.round((amount * 15) / 1000) + 25;

/** What a chargeback costs, in minor units of its currency, whoever wins. */
export const DISPUTE_FEE = 1500;

const AVAILABLE_AFTER_S = 2 * 24 * 60 * 60;

/** One movement of the account's balance: `amount` minor units (negative: out), of which the fee is taken. */
export function post(
  call: Call,
  about: {
    type: "charge" | "refund" | "refund_failure" | "adjustment" | "stripe_fee";
    category: "charge" | "refund" | "refund_failure" | "dispute" | "dispute_reversal" | "fee";
    amount: number;
    fee?: number;
    currency: string;
    source: string | null;
    description: string | null;
  },
): Transaction {
  const fee = about.fee ?? 0;
  const description = about.category === "dispute" ? "Dispute fee" : "Stripe processing fees";
  const created = nowInSeconds(call.books, call.key.book.id);
  const transaction: Transaction = {
    id: newId("txn"),
    object: "balance_transaction",
    amount: about.amount,
    available_on: created + AVAILABLE_AFTER_S,
    balance_type: "payments",
    created,
    currency: about.currency,
    description: about.description,
    exchange_rate: null,
    fee,
    fee_details: fee === 0 ? [] : [{ amount: fee, application: null, currency: about.currency, description, type: "stripe_fee" }],
    net: about.amount - fee,
    reporting_category: about.category,
    source: about.source,
    status: "pending",
    type: about.type,
  };
  call.books.put("transactions", transaction.id, { book: call.key.book.id, object: transaction });
  return transaction;
}

/** Books what a charge has brought. */
export function postCharge(call: Call, chargeId: string): void {
  const owned = call.books.get("charges", chargeId);
  if (!owned || owned.object.balance_transaction !== null) return;
  const { amount_captured: amount, currency, description } = owned.object;
  const fee = paymentFee(amount);
  const { id } = post(call, { type: "charge", category: "charge", amount, fee, currency, source: chargeId, description });
  call.books.put("charges", chargeId, { ...owned, object: { ...owned.object, balance_transaction: id } });
}

/**
 * Books it after the answer, as Stripe does for an intent captured `automatic_async`: neither the answer nor
 * `charge.succeeded` knows the transaction, and `charge.updated` brings it.
 */
export function postChargeLater(call: Call, chargeId: string): void {
  call.afterwards.push(() => {
    const before = call.books.get("charges", chargeId)?.object;
    postCharge(call, chargeId);
    const after = call.books.get("charges", chargeId)?.object;
    if (before && after) tell(call, "charge.updated", after, before);
  });
}

/** `GET /v1/balance_transactions/{id}` */
export function retrieveTransaction(call: Call): object {
  const [id = ""] = call.ids;
  const expand = call.params.list("expand");
  call.params.done();
  return expanded(call, present(call, mustHave(call, "transactions", id).object), expand);
}

/** `GET /v1/balance_transactions`, by time, type, currency and source. */
export function listTransactions(call: Call): object {
  const { params } = call;
  const page = params.page();
  const created = createdFilter(params);
  const type = params.string("type");
  const source = params.string("source");
  const currency = params.string("currency")?.toLowerCase();
  const expand = params.list("expand");
  params.done(["payout"]);
  const keep = (transaction: Transaction) =>
    created(transaction) &&
    (type === undefined || transaction.type === type) &&
    (source === undefined || transaction.source === source) &&
    (currency === undefined || transaction.currency === currency);
  const found = listPage(call, call.books.entries("transactions"), "/v1/balance_transactions", page, keep);
  return expanded(call, { ...found, data: found.data.map((transaction) => present(call, transaction)) }, expand);
}

const present = (call: Call, transaction: Transaction): Transaction => ({
  ...transaction,
  status: transaction.available_on <= nowInSeconds(call.books, call.key.book.id) ? "available" : "pending",
});
