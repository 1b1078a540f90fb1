import type Stripe from "stripe";
import { BadControl, type ControlBody } from "../http.ts";
import { type Book, type Books, type Owned, advanceClock, bookOf, nowMs } from "./books.ts";
import { type Call, idIn } from "./call.ts";
import { testCard } from "./cards.ts";
import { newCharge } from "./charges.ts";
import type { Courier } from "./courier.ts";
import { checkCurrency } from "./currencies.ts";
import { conclude, escalate, isOpen, openDispute } from "./disputes.ts";
import { Params } from "./form.ts";
import { blankIntent } from "./intents.ts";
import { cardMethod, keepMethod } from "./methods.ts";
import { authenticated, fail, succeed } from "./moves.ts";
import { finishRefund, giveBack } from "./refunds.ts";
import { settleSetup } from "./setup-intents.ts";
import { post, postCharge } from "./transactions.ts";

/** What the outside acts on. */
export type World = { books: Books; courier: Courier };
type Happening = (world: World, body: ControlBody) => object;

const MAX_AMOUNT = 99_999_999;

/** What happens at Stripe without a call of ours: the customer, the banks, and time. By the `mode` of the control call. */
export const OUTSIDE: Readonly<Record<string, Happening>> = {
  authenticate,
  settle,
  settle_refund: settleRefund,
  dispute,
  escalate_dispute: escalateDispute,
  close_dispute: decideDispute,
  card: changeCard,
  advance_clock: moveClock,
  appear,
};

/** The customer passes authentication, or with `failed` does not, for an intent to pay or to save a card. */
function authenticate(world: World, body: ControlBody): object {
  const intentId = body.string("payment_intent");
  const setupId = body.string("setup_intent");
  const failed = body.boolean("failed") ?? false;
  body.done();
  if ((intentId === undefined) === (setupId === undefined)) throw new BadControl("Give payment_intent or setup_intent.");
  return authenticateBy(world, setupId ?? intentId ?? "", failed);
}

/** The same by the id of either kind of intent. Throws `BadControl` where nobody is asked. */
export function authenticateBy(world: World, id: string, failed: boolean): object {
  const setup = world.books.get("setups", id);
  if (setup) {
    const owned = found(setup, id);
    checkStatus(owned.object, ["requires_action"]);
    return acting(world, owned.book, (call) => {
      settleSetup(call, owned.object, !failed);
      return { id, status: owned.object.status };
    });
  }
  const owned = found(world.books.get("intents", id), id);
  checkStatus(owned.object, ["requires_action"]);
  return acting(world, owned.book, (call) => {
    if (failed) fail(call, owned.object);
    else authenticated(call, owned.object);
    return told(owned.object);
  });
}

/** Money arrives (perhaps another amount than asked for), or with `failed` it does not. */
function settle(world: World, body: ControlBody): object {
  const intentId = body.mustString("payment_intent");
  const amount = body.integer("amount_received", 1, MAX_AMOUNT);
  const failed = body.boolean("failed") ?? false;
  body.done();
  const { book, object: intent } = found(world.books.get("intents", intentId), intentId);
  checkStatus(intent, ["requires_payment_method", "requires_confirmation", "requires_action", "processing"]);
  return acting(world, book, (call) => {
    if (failed) fail(call, intent);
    else succeed(call, intent, amount ?? intent.amount);
    return told(intent);
  });
}

/** A refund reaches the customer, or with `failed` does not, also after it had seemed to. */
function settleRefund(world: World, body: ControlBody): object {
  const id = body.mustString("refund");
  const failed = body.boolean("failed") ?? false;
  const reason = body.string("failure_reason") ?? "unknown";
  body.done();
  const { book, object: refund } = found(world.books.get("refunds", id), id);
  checkStatus(refund, failed ? ["pending", "requires_action", "succeeded"] : ["pending", "requires_action"]);
  return acting(world, book, (call) => {
    if (failed) giveBack(call, refund, "failed", reason);
    else finishRefund(call, refund);
    return { id, status: refund.status };
  });
}

/** The customer disputes a payment, or a part of it; with `inquiry` the bank only asks. */
function dispute(world: World, body: ControlBody): object {
  const intentId = body.string("payment_intent");
  const named = body.string("charge");
  const amount = body.integer("amount", 1, MAX_AMOUNT);
  const reason = body.string("reason") ?? "fraudulent";
  const inquiry = body.boolean("inquiry") ?? false;
  body.done();
  const intent = intentId === undefined ? undefined : found(world.books.get("intents", intentId), intentId).object;
  const chargeId = named ?? (typeof intent?.latest_charge === "string" ? intent.latest_charge : "");
  const { book, object: charge } = found(world.books.get("charges", chargeId), named ?? intentId ?? "charge");
  checkStatus(charge, ["succeeded"]);
  if (!charge.captured) throw new BadControl(`${chargeId} is not captured.`);
  return acting(world, book, (call) => {
    const opened = openDispute(call, chargeId, { reason, inquiry, ...(amount === undefined ? {} : { amount }) });
    return { id: opened?.id, status: opened?.status };
  });
}

/** The bank is not content with the answer to its inquiry. */
function escalateDispute(world: World, body: ControlBody): object {
  const id = body.mustString("dispute");
  body.done();
  const { book, object } = found(world.books.get("disputes", id), id);
  checkStatus(object, ["warning_needs_response", "warning_under_review", "warning_closed"]);
  return acting(world, book, (call) => {
    escalate(call, object);
    return { id, status: object.status };
  });
}

/** The bank decides. */
function decideDispute(world: World, body: ControlBody): object {
  const id = body.mustString("dispute");
  const status = body.mustString("status");
  body.done();
  if (status !== "won" && status !== "lost" && status !== "warning_closed") {
    throw new BadControl("status must be won, lost or warning_closed.");
  }
  const { book, object } = found(world.books.get("disputes", id), id);
  if (!isOpen(object)) throw new BadControl(`${id} is ${object.status} already.`);
  if (object.status.startsWith("warning") !== (status === "warning_closed")) {
    throw new BadControl(`${id} is ${object.status}: an inquiry ends as warning_closed, a chargeback as won or lost.`);
  }
  return acting(world, book, (call) => {
    conclude(call, object, status);
    return { id, status: object.status };
  });
}

/** A saved card begins to behave as another test card does: it runs out of money, is reported lost, or works again. */
function changeCard(world: World, body: ControlBody): object {
  const id = body.mustString("payment_method");
  const behavesAs = body.mustString("behaves_as");
  body.done();
  const held = found(world.books.get("methods", id), id);
  if (!testCard(behavesAs)) throw new BadControl(`There is no test card ${behavesAs}.`);
  world.books.put("methods", id, { ...held, testMethod: behavesAs });
  return { id, behaves_as: behavesAs };
}

/** Time passes at Stripe alone, for one account or for all: idempotency keys lapse and balances become available, and what is made then carries that time. */
function moveClock(world: World, body: ControlBody): object {
  const seconds = body.integer("seconds", 1, 400_000_000);
  const account = body.string("account");
  body.done();
  if (seconds === undefined) throw new BadControl("seconds is missing.");
  advanceClock(world.books, account, seconds);
  return { now: new Date(nowMs(world.books, account ?? "")).toISOString() };
}

/**
 * Money moves that we never asked for: a whole payment, a charge without an intent, or a fee. Its events exist but are not
 * sent, unless `told`.
 */
function appear(world: World, body: ControlBody): object {
  const account = body.mustString("account");
  const livemode = body.boolean("livemode") ?? true;
  const kind = body.string("kind") ?? "payment";
  const amount = body.integer("amount", 1, MAX_AMOUNT) ?? 1000;
  const currency = currencyOf(body.string("currency") ?? "eur");
  const description = body.string("description") ?? null;
  const heard = body.boolean("told") ?? false;
  body.done();
  if (!["payment", "charge", "fee"].includes(kind)) throw new BadControl("kind must be payment, charge or fee.");
  const book = bookOf(account, livemode);
  return acting(world, book.id, (call) => made(heard ? call : unheard(call), { kind, amount, currency, description }));
}

function currencyOf(text: string): string {
  try {
    return checkCurrency(text);
  } catch {
    throw new BadControl(`${text} is not a currency that Stripe takes.`);
  }
}

function made(
  call: Call,
  about: { kind: string; amount: number; currency: string; description: string | null },
): Record<string, string> {
  const { kind, amount, currency, description } = about;
  if (kind === "fee") {
    return {
      balance_transaction: post(call, {
        type: "stripe_fee",
        category: "fee",
        amount: -amount,
        currency,
        source: null,
        description,
      }).id,
    };
  }
  const card = testCard("pm_card_visa");
  if (!card) throw new BadControl("There is no test card.");
  const method = cardMethod(call, card);
  keepMethod(call, { book: call.key.book.id, object: method, testMethod: "pm_card_visa" });
  const intent: Stripe.PaymentIntent = {
    ...blankIntent(call, amount, currency),
    capture_method: "automatic",
    description,
    payment_method: method.id,
  };
  if (kind === "payment") {
    succeed(call, intent, amount);
    const charge = idIn(intent.latest_charge) ?? "";
    return { payment_intent: intent.id, charge, balance_transaction: transactionOf(call, charge) };
  }
  const charge = { ...newCharge(call, intent, method, amount, "succeeded"), payment_intent: null };
  call.books.put("charges", charge.id, { book: call.key.book.id, object: charge });
  postCharge(call, charge.id);
  return { charge: charge.id, balance_transaction: transactionOf(call, charge.id) };
}

const transactionOf = (call: Call, chargeId: string) =>
  idIn(call.books.get("charges", chargeId)?.object.balance_transaction) ?? "";

/** A call whose events are written, but brought to nobody. */
const unheard = (call: Call): Call => ({
  ...call,
  courier: { present: (event) => call.courier.present(event), bring: () => undefined },
});

/** Acts in a book without a request, and then does what comes after an answer. */
function acting<T>(world: World, bookId: string, act: (call: Call) => T): T {
  const call = callOf(world, bookId);
  const result = act(call);
  for (const step of call.afterwards) step();
  return result;
}

function callOf({ books, courier }: World, bookId: string): Call {
  const [account = "", mode] = bookId.split("/");
  const book: Book = { account, livemode: mode === "live", id: bookId };
  const key = { book, publishable: false };
  return {
    books,
    courier,
    key,
    ids: [],
    origin: "",
    params: new Params(new Map()),
    requestId: null,
    idempotencyKey: null,
    afterwards: [],
  };
}

/** A copy of a row that a control call names. */
function found<T extends Owned<object>>(owned: T | undefined, id: string): T {
  if (!owned) throw new BadControl(`There is no ${id}.`);
  return structuredClone(owned);
}

function checkStatus({ id, status }: { id: string; status: string | null }, from: readonly string[]): void {
  if (status !== null && from.includes(status)) return;
  throw new BadControl(`${id} is ${String(status)}; this works on ${from.join(", ")}.`);
}

const told = ({ id, status, amount_received }: Stripe.PaymentIntent) => ({ id, status, amount_received });
