import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Stripe } from "stripe";
import { expect, test } from "vitest";
import { openBooks } from "../../simulators/stripe/books.ts";
import { idOf, order, problemOf, receiverWorld, signatureOf, stripeWorld, until } from "./world.ts";

type World = Awaited<ReturnType<typeof stripeWorld>>;

const paidWith = (stripe: Stripe, card: string, more: object = {}) =>
  stripe.paymentIntents.create({ ...order, payment_method: card, confirm: true, ...more });

/** A payment with a charge as it is once Stripe has booked it. */
async function payment(stripe: Stripe, card: string) {
  const intent = await paidWith(stripe, card);
  return { intent, charge: await stripe.charges.retrieve(idOf(intent.latest_charge), { expand: ["balance_transaction"] }) };
}

const typesSince = async (w: World, skip: number) =>
  (await w.client().events.list({ limit: 100 })).data
    .map(({ type }) => type)
    .toReversed()
    .slice(skip);

/** The only dispute of a charge. */
async function disputeOf(stripe: Stripe, charge: string): Promise<Stripe.Dispute> {
  const [dispute, ...others] = (await stripe.disputes.list({ charge })).data;
  expect(others).toEqual([]);
  if (!dispute) throw new Error("the charge is not disputed");
  return dispute;
}

/** What the account has lost or won by all its transactions. */
async function balance(stripe: Stripe) {
  let sum = 0;
  for await (const { net } of stripe.balanceTransactions.list({ limit: 2 })) sum += net;
  return sum;
}

test("a payment is booked with fee and net, after its answer where it is captured asynchronously", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const asynchronous = await paidWith(stripe, "pm_card_visa", { expand: ["latest_charge"] });
  expect(asynchronous.latest_charge).toMatchObject({ status: "succeeded", balance_transaction: null });
  const [succeeded] = (await stripe.events.list({ type: "charge.succeeded" })).data;
  expect(succeeded?.data.object).toMatchObject({ balance_transaction: null });
  const [updated] = (await stripe.events.list({ type: "charge.updated" })).data;
  expect(updated?.data.previous_attributes).toEqual({ balance_transaction: null });
  expect(updated?.data.object).toMatchObject({ balance_transaction: expect.stringMatching(/^txn_/) });

  const charge = await stripe.charges.retrieve(idOf(asynchronous.latest_charge), { expand: ["balance_transaction"] });
  expect(charge.balance_transaction).toMatchObject({
    object: "balance_transaction",
    amount: 1250,
    fee: 44, // 18.75 and 25
    net: 1206,
    currency: "eur",
    type: "charge",
    reporting_category: "charge",
    source: charge.id,
    status: "pending",
  });
  const at = await paidWith(stripe, "pm_card_visa", { capture_method: "automatic", expand: ["latest_charge"] });
  expect(at.latest_charge).toMatchObject({ balance_transaction: expect.stringMatching(/^txn_/) });
  await problemOf(paidWith(stripe, "pm_card_chargeDeclined"));
  expect((await stripe.balanceTransactions.list()).data).toHaveLength(2);
});

test("the balance is listed by time, type and source, in pages, of its own account alone", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const first = await payment(stripe, "pm_card_visa");
  const second = await payment(stripe, "pm_card_visa");
  const refund = await stripe.refunds.create({ charge: first.charge.id, amount: 250 });
  await w.client("sk_test_shop").paymentIntents.create({ ...order, payment_method: "pm_card_visa", confirm: true });

  const all: string[] = [];
  for await (const { source } of stripe.balanceTransactions.list({ limit: 1 })) all.push(idOf(source));
  expect(all).toEqual([refund.id, second.charge.id, first.charge.id]);
  const ofType = await stripe.balanceTransactions.list({ type: "refund", expand: ["data.source"] });
  expect(ofType.data).toMatchObject([{ amount: -250, fee: 0, net: -250, source: { id: refund.id, object: "refund" } }]);
  expect((await stripe.balanceTransactions.list({ source: second.charge.id })).data).toHaveLength(1);
  expect((await stripe.balanceTransactions.list({ currency: "usd" })).data).toEqual([]);
  const now = Math.floor(Date.now() / 1000);
  expect((await stripe.balanceTransactions.list({ created: { gte: now - 60, lt: now + 60 } })).data).toHaveLength(3);
  expect((await stripe.balanceTransactions.list({ created: { gt: now + 60 } })).data).toEqual([]);

  const id = idOf(refund.balance_transaction);
  expect(await stripe.balanceTransactions.retrieve(id)).toMatchObject({ id, status: "pending" });
  await w.control({ mode: "advance_clock", seconds: 3 * 24 * 3600 });
  expect(await stripe.balanceTransactions.retrieve(id)).toMatchObject({ status: "available" });
  expect(await problemOf(w.client("sk_live_other").balanceTransactions.retrieve(id))).toMatchObject({ statusCode: 404 });
  expect(await balance(stripe)).toBe(2 * 1206 - 250);
});

test("a pending refund arrives later, and one that seemed to have arrived can fail and be tried again", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const slow = await payment(stripe, "pm_card_pendingRefund");
  const pending = await stripe.refunds.create({ charge: slow.charge.id, metadata: { a: "b" } });
  expect(pending).toMatchObject({ status: "pending", pending_reason: "processing" });
  const before = (await stripe.events.list({ limit: 100 })).data.length;
  await w.control({ mode: "settle_refund", refund: pending.id });
  const arrived = await stripe.refunds.retrieve(pending.id);
  expect(arrived).toMatchObject({ status: "succeeded" });
  expect(arrived.pending_reason).toBeUndefined();
  expect((await stripe.refunds.update(pending.id, { metadata: { a: "", c: "d" } })).metadata).toEqual({ c: "d" });
  const twice = ["refund.updated", "charge.refund.updated"];
  expect(await typesSince(w, before)).toEqual([...twice, ...twice]);
  expect((await w.control({ mode: "settle_refund", refund: pending.id })).status).toBe(400);

  const bad = await payment(stripe, "pm_card_refundFail");
  const failing = await stripe.refunds.create({ payment_intent: bad.intent.id });
  expect(failing.status).toBe("succeeded");
  expect((await stripe.charges.retrieve(bad.charge.id)).refunded).toBe(true);
  const earned = await balance(stripe);
  await w.control({ mode: "settle_refund", refund: failing.id, failed: true, failure_reason: "lost_or_stolen_card" });
  const failed = await stripe.refunds.retrieve(failing.id, { expand: ["failure_balance_transaction"] });
  expect(failed).toMatchObject({
    status: "failed",
    failure_reason: "lost_or_stolen_card",
    failure_balance_transaction: { type: "refund_failure", amount: 1250 },
  });
  expect((await typesSince(w, 0)).at(-1)).toBe("refund.failed");
  expect(await balance(stripe)).toBe(earned + 1250);
  expect(await stripe.charges.retrieve(bad.charge.id)).toMatchObject({ refunded: false, amount_refunded: 0 });
  expect(await stripe.refunds.create({ payment_intent: bad.intent.id, amount: 50 })).toMatchObject({ amount: 50 });
});

test("only a refund that waits for the customer can be canceled, and its money comes back", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const { charge } = await payment(stripe, "pm_card_refundRequiresAction");
  const waiting = await stripe.refunds.create({ charge: charge.id });
  expect(waiting).toMatchObject({ status: "requires_action", next_action: { type: "display_details" } });
  expect(await stripe.refunds.cancel(waiting.id)).toMatchObject({ status: "canceled" });
  expect(await stripe.charges.retrieve(charge.id)).toMatchObject({ amount_refunded: 0 });
  expect(await balance(stripe)).toBe(1206);
  expect((await problemOf(stripe.refunds.cancel(waiting.id))).statusCode).toBe(400);
});

test("a disputed payment is taken back with a fee, answered with evidence, and won", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const { intent, charge } = await payment(stripe, "pm_card_createDispute");
  expect(charge.disputed).toBe(true);
  const dispute = await disputeOf(stripe, charge.id);
  expect(dispute).toMatchObject({
    object: "dispute",
    amount: 1250,
    reason: "fraudulent",
    status: "needs_response",
    payment_intent: intent.id,
    is_charge_refundable: false,
    balance_transactions: [{ amount: -1250, fee: 1500, net: -2750, type: "adjustment", reporting_category: "dispute" }],
  });
  expect(await problemOf(stripe.refunds.create({ charge: charge.id }))).toMatchObject({ code: "charge_disputed" });

  const staged = await stripe.disputes.update(dispute.id, { evidence: { customer_name: "Ada" }, submit: false });
  expect(staged).toMatchObject({
    status: "needs_response",
    evidence: { customer_name: "Ada" },
    evidence_details: { submission_count: 0 },
  });
  const sent = await stripe.disputes.update(dispute.id, { evidence: { uncategorized_text: "winning_evidence" } });
  expect(sent).toMatchObject({ status: "under_review", evidence_details: { submission_count: 1, has_evidence: true } });
  const late = stripe.disputes.update(dispute.id, { evidence: { customer_name: "Bob" } });
  expect(await problemOf(late)).toMatchObject({ statusCode: 400, param: "evidence" });
  const won = await stripe.disputes.retrieve(dispute.id, { expand: ["charge", "payment_intent"] });
  expect(won).toMatchObject({
    status: "won",
    charge: { id: charge.id, disputed: true },
    payment_intent: { id: intent.id },
    balance_transactions: [{ amount: -1250 }, { amount: 1250, fee: 0, reporting_category: "dispute_reversal" }],
  });
  expect(await balance(stripe)).toBe(1206 - 1500);
  expect((await typesSince(w, 0)).filter((type) => type.startsWith("charge.dispute."))).toEqual([
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_reinstated",
  ]);
  expect(await stripe.refunds.create({ charge: charge.id, amount: 50 })).toMatchObject({ status: "succeeded" });
});

test("a dispute that the vendor gives up, or the bank decides, is lost with the money", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const first = await payment(stripe, "pm_card_createDisputeProductNotReceived");
  const given = await disputeOf(stripe, first.charge.id);
  expect(given.reason).toBe("product_not_received");
  expect(await stripe.disputes.close(given.id)).toMatchObject({ status: "lost" });
  expect((await problemOf(stripe.disputes.close(given.id))).statusCode).toBe(400);

  const second = await payment(stripe, "pm_card_visa");
  await stripe.refunds.create({ charge: second.charge.id, amount: 250 });
  await w.control({ mode: "dispute", charge: second.charge.id });
  const decided = await disputeOf(stripe, second.charge.id);
  expect(decided).toMatchObject({ amount: 1000, status: "needs_response" });
  expect((await w.control({ mode: "close_dispute", dispute: decided.id, status: "warning_closed" })).status).toBe(400);
  await w.control({ mode: "close_dispute", dispute: decided.id, status: "lost" });
  expect(await stripe.disputes.retrieve(decided.id)).toMatchObject({ status: "lost" });
  expect(await problemOf(stripe.refunds.create({ charge: second.charge.id }))).toMatchObject({ code: "charge_disputed" });
  expect((await stripe.disputes.list({ payment_intent: first.intent.id })).data.map(({ id }) => id)).toEqual([given.id]);
  expect(await balance(stripe)).toBe(2 * (1206 - 1250 - 1500));
});

test("an inquiry takes no money until the bank makes a chargeback of it", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const { charge } = await payment(stripe, "pm_card_createDisputeInquiry");
  const asked = await disputeOf(stripe, charge.id);
  expect(asked).toMatchObject({ status: "warning_needs_response", is_charge_refundable: true, balance_transactions: [] });
  expect(await stripe.disputes.update(asked.id, { evidence: { receipt: "file_1" } })).toMatchObject({
    status: "warning_under_review",
  });
  await w.control({ mode: "escalate_dispute", dispute: asked.id });
  expect(await stripe.disputes.retrieve(asked.id)).toMatchObject({
    status: "needs_response",
    balance_transactions: [{ amount: -1250 }],
  });

  const other = await payment(stripe, "pm_card_visa");
  await w.control({ mode: "dispute", payment_intent: other.intent.id, inquiry: true, amount: 400, reason: "duplicate" });
  const closing = await disputeOf(stripe, other.charge.id);
  expect(closing).toMatchObject({ amount: 400, reason: "duplicate" });
  await w.control({ mode: "close_dispute", dispute: closing.id, status: "warning_closed" });
  expect(await stripe.disputes.retrieve(closing.id)).toMatchObject({ status: "warning_closed", balance_transactions: [] });
  expect(await stripe.refunds.create({ charge: other.charge.id })).toMatchObject({ amount: 1250 });
});

test("25 hours later the same key makes a second payment, while the first can still be fetched", async () => {
  const statePath = path.join(mkdtempSync(path.join(tmpdir(), "latchkey-")), "stripe.ndjson");
  const w = await stripeWorld(statePath);
  const pay = (world: World) =>
    world
      .client()
      .paymentIntents.create({ ...order, payment_method: "pm_card_visa", confirm: true }, { idempotencyKey: "inv_1/attempt/1" });
  const first = await pay(w);
  await w.control({ mode: "advance_clock", seconds: 23 * 3600 });
  expect((await pay(w)).id).toBe(first.id);
  await w.close();

  const later = await stripeWorld(statePath);
  await later.control({ mode: "advance_clock", seconds: 2 * 3600 });
  const second = await pay(later);
  expect(second.id).not.toBe(first.id);
  expect(second.created - first.created).toBeGreaterThanOrEqual(25 * 3600);
  expect(await later.client().paymentIntents.retrieve(first.id)).toMatchObject({ status: "succeeded" });
  expect((await later.control({ mode: "advance_clock" })).status).toBe(400);
});

test("a webhook of a simulator whose clock is ahead is still signed now", async () => {
  const receiver = await receiverWorld();
  const w = await stripeWorld();
  const stripe = w.client();
  const { secret } = await stripe.webhookEndpoints.create({ url: `${receiver.url}/hooks`, enabled_events: ["customer.created"] });
  await w.control({ mode: "advance_clock", seconds: 100_000 });
  const { created } = await stripe.customers.create();
  const entry = await until(async () => (await receiver.log("/hooks"))[0]);
  const event = stripe.webhooks.constructEvent(entry.body, signatureOf(entry), secret ?? "");
  const [, stamp] = /t=(\d+)/.exec(signatureOf(entry)) ?? []; // the library itself takes stamps from the future
  expect(Math.abs(Number(stamp) - Date.now() / 1000)).toBeLessThan(60);
  expect(event.created).toBe(created);
  expect(created).toBeGreaterThan(Date.now() / 1000 + 99_000);
});

test("money that we never asked for is in the account's lists, and no webhook told of it", async () => {
  const receiver = await receiverWorld();
  const w = await stripeWorld();
  const stripe = w.client();
  await stripe.webhookEndpoints.create({ url: `${receiver.url}/hooks`, enabled_events: ["*"] });
  const appear = async (more: object) =>
    (await w.control({ mode: "appear", account: "shop", amount: 700, ...more })).body.result as Record<string, string>;
  const payed = await appear({});
  const bare = await appear({ kind: "charge", currency: "usd" });
  const fee = await appear({ kind: "fee" });
  expect(await stripe.paymentIntents.retrieve(payed["payment_intent"] ?? "")).toMatchObject({
    status: "succeeded",
    amount_received: 700,
    metadata: {},
    latest_charge: payed["charge"],
  });
  expect(await stripe.charges.retrieve(bare["charge"] ?? "")).toMatchObject({ payment_intent: null, currency: "usd" });
  expect((await stripe.balanceTransactions.list()).data).toMatchObject([
    { id: fee["balance_transaction"], type: "stripe_fee", amount: -700, source: null },
    { id: bare["balance_transaction"], type: "charge", source: bare["charge"] },
    { id: payed["balance_transaction"], net: 664 },
  ]);
  await appear({ livemode: false });
  expect((await stripe.balanceTransactions.list()).data).toHaveLength(3);
  expect((await stripe.events.list({ type: "payment_intent.succeeded" })).data).toHaveLength(1);

  await appear({ told: true });
  await until(async () => (await receiver.log("/hooks")).length >= 2);
  const told = (await receiver.log("/hooks")).map(({ body }) => stripe.webhooks.constructEventWithoutVerification(body));
  expect(told.map(({ data }) => ("id" in data.object ? data.object.id : ""))).not.toContain(payed["payment_intent"]);
  expect(new Set(told.map(({ type }) => type))).toEqual(new Set(["charge.succeeded", "payment_intent.succeeded"]));
  expect((await w.control({ mode: "appear", account: "shop", kind: "odd" })).status).toBe(400);
  expect((await w.control({ mode: "appear", account: "shop", currency: "xyz" })).status).toBe(400);
});

test("every new endpoint answers a key from memory, a 500 among it, and refuses the key for anything else", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const auth = { authorization: "Bearer sk_live_shop" };
  const customer = await stripe.customers.create({}, { idempotencyKey: "c" });
  expect((await stripe.customers.create({}, { idempotencyKey: "c" })).id).toBe(customer.id);
  const wrong = stripe.customers.create({ name: "x" }, { idempotencyKey: "c" });
  expect(await problemOf(wrong)).toMatchObject({ type: "StripeIdempotencyError" });
  expect(await problemOf(stripe.setupIntents.create({}, { idempotencyKey: "c" }))).toMatchObject({
    type: "StripeIdempotencyError",
  });

  await w.control({ mode: "fail", path: "/v1/payment_methods/pm_card_visa/attach", status: 500 });
  const attach = (key: string) =>
    stripe.paymentMethods.attach("pm_card_visa", { customer: customer.id }, { idempotencyKey: key });
  expect((await problemOf(attach("a"))).statusCode).toBe(500);
  expect((await problemOf(attach("a"))).headers?.["idempotent-replayed"]).toBe("true");
  const method = await attach("b");
  expect((await attach("b")).id).toBe(method.id);
  expect((await stripe.paymentMethods.list({ customer: customer.id })).data).toHaveLength(1);

  const setup = () =>
    stripe.setupIntents.create({ payment_method: "pm_card_chargeDeclined", confirm: true }, { idempotencyKey: "s" });
  const declined = [await problemOf(setup()), await problemOf(setup())];
  expect(declined.map(({ setup_intent }) => setup_intent?.id)).toEqual([
    declined[0]?.setup_intent?.id,
    declined[0]?.setup_intent?.id,
  ]);

  const held = await paidWith(stripe, "pm_card_visa", { capture_method: "manual" });
  await w.control({ mode: "timeout_after_success", path: `/v1/payment_intents/${held.id}/capture`, ms: 20 });
  const capture = () => w.post(`/v1/payment_intents/${held.id}/capture`, {}, { ...auth, "idempotency-key": "p" });
  await expect(capture()).rejects.toThrow("fetch failed");
  expect(await (await capture()).json()).toMatchObject({ status: "succeeded" });

  const { charge } = await payment(stripe, "pm_card_createDispute");
  const { id } = await disputeOf(stripe, charge.id);
  await w.control({ mode: "timeout_after_success", path: `/v1/disputes/${id}`, ms: 20 });
  const close = () => w.post(`/v1/disputes/${id}/close`, {}, { ...auth, "idempotency-key": "d" });
  await expect(close()).rejects.toThrow("fetch failed");
  expect(await (await close()).json()).toMatchObject({ status: "lost" });
  expect((await stripe.events.list({ type: "charge.dispute.closed" })).data).toHaveLength(1);
});

test("an answer can be lost, or be a 500, although the payment was made or declined: only a look at the intent tells", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const { id } = await stripe.paymentIntents.create(order);
  const confirm = (intent: string, card: string, key: string) =>
    w.post(
      `/v1/payment_intents/${intent}/confirm`,
      { payment_method: card },
      { authorization: "Bearer sk_live_shop", "idempotency-key": key },
    );
  await w.control({ mode: "timeout_after_success", path: `/v1/payment_intents/${id}`, ms: 10, account: "other" });
  await w.control({ mode: "timeout_after_success", path: `/v1/payment_intents/${id}`, ms: 10, account: "shop" });
  await expect(confirm(id, "pm_card_chargeDeclined", "1")).rejects.toThrow("fetch failed");
  expect((await w.control({ mode: "latency", ms: 0 })).body.active).toMatchObject({
    timeout_after_success: [{ account: "other", times: 1 }],
  });
  expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({ last_payment_error: { code: "card_declined" } });
  expect((await confirm(id, "pm_card_chargeDeclined", "1")).status).toBe(402);
  expect((await stripe.charges.list({ payment_intent: id })).data).toHaveLength(1);

  const fault = { mode: "fail", path: `/v1/payment_intents/${id}`, account: "shop", after_effect: true };
  expect((await w.control({ ...fault, status: 503 })).status).toBe(400);
  await w.control(fault);
  expect((await confirm(id, "pm_card_visa", "2")).status).toBe(500);
  expect((await confirm(id, "pm_card_visa", "2")).status).toBe(500);
  expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({ status: "succeeded" });
  expect((await stripe.charges.list({ payment_intent: id })).data.map(({ status }) => status)).toEqual(["succeeded", "failed"]);
});

test("the simulator's memory does not grow without end: the oldest movements are forgotten", () => {
  const books = openBooks();
  const object = { id: "du_1", object: "dispute" } as Stripe.Dispute;
  for (let n = 0; n < 20_500; n += 1) books.put("disputes", `du_${n}`, { book: "shop/live", object });
  expect(books.size("disputes")).toBe(20_000);
  expect(books.get("disputes", "du_499")).toBeUndefined();
  expect(books.get("disputes", "du_500")).toBeDefined();
});

test("the clock of one account can be ahead of the others", async () => {
  const w = await stripeWorld();
  await w.control({ mode: "advance_clock", seconds: 500 });
  await w.control({ mode: "advance_clock", seconds: 100_000, account: "shop" });
  const [here, there] = [await w.client().customers.create(), await w.client("sk_live_other").customers.create()];
  expect(Math.abs(here.created - there.created - 100_000)).toBeLessThan(60);
  expect(Math.abs(there.created - Date.now() / 1000 - 500)).toBeLessThan(60);
});

test("events of all these are doubled, lost, shuffled and forged as those of payments are", async () => {
  const receiver = await receiverWorld();
  const w = await stripeWorld();
  const stripe = w.client();
  const types = ["customer.created", "charge.dispute.created", "refund.created"] as const;
  const { secret } = await stripe.webhookEndpoints.create({ url: `${receiver.url}/hooks`, enabled_events: [...types] });
  const got = async (count: number) => {
    await until(async () => (await receiver.log("/hooks")).length >= count);
    return (await receiver.log("/hooks")).map(({ body }) => stripe.webhooks.constructEventWithoutVerification(body));
  };
  await w.control({ mode: "duplicate", times: 3 });
  await stripe.customers.create();
  expect(new Set((await got(3)).map(({ id }) => id)).size).toBe(1);
  await w.control({ mode: "normal" });
  await w.control({ mode: "drop", count: 1 });
  const { charge } = await payment(stripe, "pm_card_createDispute");
  expect((await w.deliveries()).filter(({ outcome }) => outcome === "dropped").map(({ type }) => type)).toEqual([
    "charge.dispute.created",
  ]);
  const dispute = await disputeOf(stripe, charge.id);
  await w.control({ mode: "close_dispute", dispute: dispute.id, status: "won" });
  await w.control({ mode: "shuffle", window: 8 });
  for (let n = 0; n < 8; n += 1) await stripe.refunds.create({ charge: charge.id, amount: 100 + n });
  const amounts = (await got(11)).slice(3).map(({ data }) => ("amount" in data.object ? data.object.amount : 0));
  const asked = [100, 101, 102, 103, 104, 105, 106, 107];
  expect(new Set(amounts)).toEqual(new Set(asked));
  expect(amounts).not.toEqual(asked);
  await w.control({ mode: "forge", payload: { id: "evt_x", object: "event", type: "charge.dispute.closed" } });
  const [last] = (await receiver.log("/hooks")).slice(-1);
  expect(() => stripe.webhooks.constructEvent(last?.body ?? "", last ? signatureOf(last) : "", secret ?? "")).toThrow(
    "No signatures",
  );
});

test("the events of a long story can be read in pages, oldest and newest side without gap or repetition", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const { charge } = await payment(stripe, "pm_card_createDispute");
  await stripe.disputes.close((await disputeOf(stripe, charge.id)).id);
  await stripe.customers.create({ payment_method: "pm_card_visa" });
  await stripe.setupIntents.create({ payment_method: "pm_card_visa", confirm: true });
  const whole = (await stripe.events.list({ limit: 100 })).data.map(({ id }) => id);
  expect(new Set(whole).size).toBe(whole.length);
  const paged: string[] = [];
  for await (const { id } of stripe.events.list({ limit: 3 })) paged.push(id);
  expect(paged).toEqual(whole);
  const forward: string[] = [];
  for (let mark = whole.at(-1) ?? ""; ; mark = forward.at(-1) ?? "") {
    const { data } = await stripe.events.list({ limit: 3, ending_before: mark });
    if (data.length === 0) break;
    forward.push(...data.map(({ id }) => id).toReversed());
  }
  expect(forward).toEqual(whole.toReversed().slice(1));
  expect((await stripe.events.list({ types: ["setup_intent.succeeded", "charge.dispute.closed"] })).data).toHaveLength(2);
  expect((await stripe.events.list({ type: "charge.dispute.*" })).data).toHaveLength(3);
});
