import { BadControl, ControlBody } from "../http.ts";
import { billDue, billPeriod } from "./billing.ts";
import { bookById, bookOf, type Books, nowOf, stamp } from "./books.ts";
import { type Call, keep, outsideCall } from "./call.ts";
import { settleCapture, settleRefund } from "./captures.ts";
import { type Courier, presentEvent, subscribers } from "./courier.ts";
import { openDispute, resolveDispute } from "./disputes.ts";
import { PaypalProblem } from "./errors.ts";
import { type Payer, WALLETS, type Wallet } from "./objects.ts";
import { approve, askedBy } from "./payer-page.ts";
import { newPayer } from "./payers.ts";
import { FLAWS, type Flaw } from "./signing.ts";
import { type Switches, normalSwitches } from "./switches.ts";

/** What control calls act on. `switches` is a holder, because `normal` replaces them all. */
export type Controlled = { books: Books; courier: Courier; origin: string; switches: { now: Switches } };

const MAX_TIMES = 100_000;
const MAX_MS = 600_000;
const MAX_AHEAD_S = 100 * 366 * 86_400;

/** Carries out one control call and answers what is active afterwards. Throws `BadControl`. */
export async function control(sim: Controlled, text: string): Promise<object> {
  const body = ControlBody.parse(text);
  const mode = body.mustString("mode");
  try {
    const result = isSwitch(mode) ? turn(sim, mode, body) : await act(sim, mode, body);
    return { mode, active: activeSwitches(sim.switches.now), ...(result === undefined ? {} : { result }) };
  } catch (error) {
    if (error instanceof PaypalProblem) throw new BadControl(JSON.stringify(error.body), { cause: error });
    throw error;
  }
}

/** The switches as the wire tells them. */
export function activeSwitches(now: Switches): object {
  const { duplicate, delayMs, drop, shuffle, latencyMs, failures, timeouts } = now;
  return {
    duplicate,
    delay_ms: delayMs,
    drop,
    shuffle,
    latency_ms: latencyMs,
    fail: failures,
    timeout_after_success: timeouts,
  };
}

const SWITCHES = ["duplicate", "delay", "drop", "shuffle", "latency", "fail", "timeout_after_success", "normal"] as const;
const isSwitch = (mode: string): mode is (typeof SWITCHES)[number] => SWITCHES.some((name) => name === mode);

function turn(sim: Controlled, mode: (typeof SWITCHES)[number], body: ControlBody): undefined {
  const now = structuredClone(sim.switches.now);
  switch (mode) {
    case "duplicate":
      now.duplicate = body.integer("times", 1, 100) ?? 2;
      break;
    case "delay":
      now.delayMs = body.integer("ms", 0, MAX_MS) ?? 1000;
      break;
    case "drop":
      now.drop = body.integer("count", 0, MAX_TIMES) ?? 1;
      break;
    case "shuffle":
      now.shuffle = body.integer("window", 0, 10_000) ?? 10;
      break;
    case "latency":
      now.latencyMs = body.integer("ms", 0, MAX_MS) ?? 1000;
      break;
    case "fail":
      now.failures.push({ ...pathFault(body), status: body.integer("status", 400, 599) ?? 500 });
      break;
    case "timeout_after_success":
      now.timeouts.push({ ...pathFault(body), ms: body.integer("ms", 0, MAX_MS) ?? 60_000 });
      break;
    case "normal":
      Object.assign(now, normalSwitches());
      break;
  }
  body.done();
  sim.switches.now = now;
}

const pathFault = (body: ControlBody) => ({
  path: body.string("path") ?? "/v",
  times: body.integer("times", 1, MAX_TIMES) ?? 1,
});

const ACTS: Readonly<Record<string, (sim: Controlled, body: ControlBody) => object | Promise<object>>> = {
  approve: approveByControl,
  wallet: changeWallet,
  settle,
  next_refund: nextRefund,
  void: voidOrder,
  renew,
  dispute,
  resolve_dispute: resolve,
  clock,
  expire_tokens: expireTokens,
  sign,
  forge,
  resend,
};

async function act(sim: Controlled, mode: string, body: ControlBody): Promise<object> {
  const run = Object.hasOwn(ACTS, mode) ? ACTS[mode] : undefined;
  if (run) return run(sim, body);
  throw new BadControl(`mode must be one of ${[...SWITCHES, ...Object.keys(ACTS)].join(", ")}.`);
}

/** The payer agrees to an order, a setup token, a subscription or its revision; `wallet` says how it will pay. */
function approveByControl(sim: Controlled, body: ControlBody): object {
  const id = body.mustString("id");
  const payer = readPayer(body);
  body.done();
  const asked = askedBy(sim.books, id);
  if (!asked) throw new BadControl(`There is nothing to approve with the id ${id}.`);
  const { status } = approve(sim, asked, payer);
  return { id, status };
}

function readPayer(body: ControlBody): Payer {
  return newPayer(readWallet(body) ?? "ok", body.string("email"));
}

function readWallet(body: ControlBody): Wallet | undefined {
  const text = body.string("wallet");
  const wallet = WALLETS.find((name) => name === text);
  if (text !== undefined && !wallet) throw new BadControl(`wallet must be one of ${WALLETS.join(", ")}.`);
  return wallet;
}

/** From now on the payer's wallet behaves otherwise, behind an order, a payment token or a subscription. */
function changeWallet(sim: Controlled, body: ControlBody): object {
  const id = body.mustString("id");
  const wallet = readWallet(body);
  body.done();
  if (wallet === undefined) throw new BadControl("wallet is missing.");
  for (const table of ["orders", "vaultTokens", "subscriptions"] as const) {
    const owned = sim.books.get(table, id);
    if (!owned) continue;
    if (!owned.object.payer) throw new BadControl(`${id} has no payer yet.`);
    owned.object.payer.wallet = wallet;
    rewrite(sim.books, table, id);
    return { id, wallet };
  }
  throw new BadControl(`There is no order, payment token or subscription ${id}.`);
}

function rewrite(books: Books, table: "orders" | "vaultTokens" | "subscriptions", id: string): void {
  const row = books.get(table, id);
  if (row !== undefined) books.put(table, id, row);
}

/** Pending money or a pending refund ends: well, or with `failed` not. */
function settle(sim: Controlled, body: ControlBody): object {
  const id = body.mustString("id");
  const failed = body.boolean("failed") ?? false;
  body.done();
  const [call, table] = whereIs(sim, id, "captures", "refunds");
  const object = table === "captures" ? call.books.get("captures", id)?.object : undefined;
  const refund = table === "refunds" ? call.books.get("refunds", id)?.object : undefined;
  const status = object?.status ?? refund?.status;
  if (status !== "PENDING") throw new BadControl(`${id} is ${status}; this works on PENDING.`);
  if (object) return { id, status: settleCapture(call, structuredClone(object), failed).status };
  if (refund) return { id, status: settleRefund(call, structuredClone(refund), failed).status };
  throw new BadControl(`There is no capture or refund ${id}.`);
}

/** The call of an outsider in the book that has the id, and the table that it is in. */
function whereIs<K extends "captures" | "refunds" | "orders" | "subscriptions" | "disputes">(
  sim: Controlled,
  id: string,
  ...tables: K[]
): [Call, K] {
  for (const table of tables) {
    const owned = sim.books.get(table, id);
    if (owned) return [outsideCall(sim, bookById(owned.book)), table];
  }
  throw new BadControl(`There is no ${tables.join(" or ").replaceAll(/s\b/g, "")} ${id}.`);
}

function nextRefund(sim: Controlled, body: ControlBody): object {
  const id = body.mustString("capture");
  const text = body.mustString("status");
  body.done();
  const status = (["COMPLETED", "PENDING", "FAILED"] as const).find((name) => name === text);
  if (!status) throw new BadControl("status must be COMPLETED, PENDING or FAILED.");
  const [call] = whereIs(sim, id, "captures");
  const capture = call.books.get("captures", id)?.object;
  if (capture) keep(call, "captures", { ...capture, nextRefund: status });
  return { capture: id, status };
}

function voidOrder(sim: Controlled, body: ControlBody): object {
  const id = body.mustString("order");
  body.done();
  const [call] = whereIs(sim, id, "orders");
  const order = call.books.get("orders", id)?.object;
  if (!order || order.status === "COMPLETED")
    throw new BadControl(`${id} is ${order?.status}; this works on what is not completed.`);
  keep(call, "orders", { ...order, status: "VOIDED", updatedAt: call.now });
  return { id, status: "VOIDED" };
}

/** Bills the next period now, whatever the clock says. */
function renew(sim: Controlled, body: ControlBody): object {
  const id = body.mustString("subscription");
  body.done();
  const [call] = whereIs(sim, id, "subscriptions");
  const subscription = call.books.get("subscriptions", id)?.object;
  if (subscription?.status !== "ACTIVE") throw new BadControl(`${id} is ${subscription?.status}; this works on ACTIVE.`);
  const { status, billed, failedPayments } = billPeriod(call, structuredClone(subscription));
  return { id, status, billed, failed_payments: failedPayments };
}

function dispute(sim: Controlled, body: ControlBody): object {
  const id = body.mustString("capture");
  const reason = body.string("reason") ?? "UNAUTHORISED";
  body.done();
  const [call] = whereIs(sim, id, "captures");
  const capture = call.books.get("captures", id)?.object;
  if (!capture || capture.disputed) throw new BadControl(`${id} is disputed already.`);
  return { dispute: openDispute(call, structuredClone(capture), reason).id };
}

function resolve(sim: Controlled, body: ControlBody): object {
  const id = body.mustString("dispute");
  const forSeller = body.boolean("for_seller") ?? false;
  body.done();
  const [call] = whereIs(sim, id, "disputes");
  const found = call.books.get("disputes", id)?.object;
  if (!found || found.status === "RESOLVED") throw new BadControl(`${id} is resolved already.`);
  return { dispute: id, outcome: resolveDispute(call, found, forSeller).outcome };
}

/** Moves the clock of one account, or of all, forward; what has fallen due by then is billed, in order. */
function clock(sim: Controlled, body: ControlBody): object {
  const clientId = body.string("client_id");
  const seconds = body.integer("advance_s", 0, MAX_AHEAD_S) ?? 0;
  body.done();
  const id = clientId === undefined ? "*" : bookOfClient(clientId);
  const aheadMs = (sim.books.get("clocks", id)?.aheadMs ?? 0) + seconds * 1000;
  sim.books.put("clocks", id, { aheadMs });
  const owners = new Set([...sim.books.entries("subscriptions")].map(([, { book }]) => book));
  const moved = [...owners].filter((owner) => id === "*" || owner === id);
  const billed = moved.reduce((sum, owner) => sum + billDue(outsideCall(sim, bookById(owner))), 0);
  return { now: stamp(nowOf(sim.books, id)), billed };
}

function bookOfClient(clientId: string): string {
  const [, mode, account] = /^(live|sandbox)_([A-Za-z0-9_-]{1,80})$/.exec(clientId) ?? [];
  if (account === undefined) throw new BadControl(`${clientId} is no client id.`);
  return bookOf(account, mode === "live").id;
}

/** Every access token of an account, or of all, is worth nothing from now on. */
function expireTokens(sim: Controlled, body: ControlBody): object {
  const clientId = body.string("client_id");
  body.done();
  const bookId = clientId === undefined ? undefined : bookOfClient(clientId);
  const gone = [...sim.books.entries("tokens")].filter(([, { book }]) => (bookId ?? book) === book);
  for (const [token] of gone) sim.books.remove("tokens", token);
  return { expired: gone.length };
}

function readFlaw(body: ControlBody): Flaw | undefined {
  const text = body.string("flaw");
  const flaw = FLAWS.find((name) => name === text);
  if (text !== undefined && !flaw) throw new BadControl(`flaw must be one of ${FLAWS.join(", ")}.`);
  return flaw;
}

/** The headers under which PayPal, or with a flaw somebody else, would bring a body to a webhook. Nothing is sent. */
function sign(sim: Controlled, body: ControlBody): object {
  const webhookId = body.mustString("webhook");
  const text = textOf(body.any("payload"));
  const flaw = readFlaw(body);
  body.done();
  const bookId = sim.books.get("webhooks", webhookId)?.book ?? "*";
  return { body: text ?? "{}", headers: sim.courier.sign(text ?? "{}", webhookId, bookId, flaw) };
}

const textOf = (payload: unknown) => (payload === undefined || typeof payload === "string" ? payload : JSON.stringify(payload));

/** Sends a webhook that PayPal never sent, and waits for the answers. Its flaw is a wrong signature unless another is named. */
async function forge(sim: Controlled, body: ControlBody): Promise<object> {
  const payload = textOf(body.any("payload"));
  const flaw = readFlaw(body) ?? "signature";
  const webhookId = body.string("webhook");
  body.done();
  const targets = [...sim.books.entries("webhooks")].filter(([id]) => (webhookId ?? id) === id);
  if (targets.length === 0)
    throw new BadControl(webhookId === undefined ? "There is no webhook." : `There is no webhook ${webhookId}.`);
  const sent = await Promise.all(
    targets.map(async ([id, { book, object }]) => {
      const text = payload ?? JSON.stringify(inventedEvent(sim, book));
      const entry = await sim.courier.forge(object, text, sim.courier.sign(text, id, book, flaw));
      return { webhook: id, status: entry.status, error: entry.error };
    }),
  );
  return { sent };
}

/** A believable lie: that the newest unpaid order of the book has been paid. */
function inventedEvent({ books, origin }: Controlled, bookId: string): object {
  const order = [...books.entries("orders")]
    .toReversed()
    .find(([, { book, object }]) => book === bookId && object.status !== "COMPLETED");
  const id = "7NW873794T343360M";
  const resource = {
    id,
    status: "COMPLETED",
    amount: order?.[1].object.unit.amount ?? { currency_code: "EUR", value: "1.00" },
    supplementary_data: { related_ids: { order_id: order?.[0] ?? id } },
  };
  const event = {
    id: `WH-${id}-${id}`,
    event_version: "1.0" as const,
    create_time: new Date(nowOf(books, bookId)).toISOString(),
    resource_type: "capture",
    event_type: "PAYMENT.CAPTURE.COMPLETED",
    summary: "Payment completed",
    resource,
  };
  return presentEvent(origin, event);
}

function resend(sim: Controlled, body: ControlBody): object {
  const eventId = body.mustString("event_id");
  const webhookId = body.string("webhook");
  body.done();
  const owned = sim.books.get("events", eventId);
  if (!owned) throw new BadControl(`There is no event ${eventId}.`);
  const targets = subscribers(sim.books, owned.book, owned.object.event_type).filter(({ id }) => (webhookId ?? id) === id);
  for (const { id } of targets) sim.courier.resend(eventId, id, owned.book);
  return { event: eventId, webhooks: targets.map(({ id }) => id) };
}
