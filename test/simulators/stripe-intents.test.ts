import { Stripe } from "stripe";
import { expect, test } from "vitest";
import { idOf, order, problemOf, stripeWorld } from "./world.ts";

test("an intent is created unconfirmed, confirmed by the customer with the client secret, and paid with a charge", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const made = await stripe.paymentIntents.create({ ...order, description: "Order 1" });
  expect(made).toMatchObject({
    object: "payment_intent",
    amount: 1250,
    currency: "eur",
    status: "requires_payment_method",
    livemode: true,
  });
  expect(made).toMatchObject({ amount_received: 0, latest_charge: null, metadata: { order: "ord_1" }, description: "Order 1" });
  expect(made.client_secret).toMatch(new RegExp(`^${made.id}_secret_`));

  const answer = await w.post(`/v1/payment_intents/${made.id}/confirm`, {
    key: "pk_live_shop",
    client_secret: made.client_secret ?? "",
    payment_method: "pm_card_visa",
  });
  const seen = await answer.json<Record<string, unknown>>();
  expect(answer.status).toBe(200);
  expect(seen["status"]).toBe("succeeded");
  expect(Object.keys(seen)).not.toContain("metadata");

  const paid = await stripe.paymentIntents.retrieve(made.id, { expand: ["latest_charge"] });
  expect(paid).toMatchObject({ status: "succeeded", amount_received: 1250, last_payment_error: null });
  expect(paid.latest_charge).toMatchObject({
    object: "charge",
    amount: 1250,
    status: "succeeded",
    paid: true,
    payment_intent: made.id,
  });
  expect(await stripe.charges.retrieve(idOf(paid.latest_charge))).toMatchObject({
    amount_captured: 1250,
    currency: "eur",
  });
});

test("the edge's fetch client is served like the node client", async () => {
  const w = await stripeWorld();
  const stripe = w.client("sk_test_shop", { httpClient: Stripe.createFetchHttpClient() });
  const made = await stripe.paymentIntents.create(order, { idempotencyKey: "ord_1/1" });
  expect(made.livemode).toBe(false);
  expect(made.lastResponse.requestId).toMatch(/^req_/);
  expect(made.lastResponse.apiVersion).toBe("2026-10-28.endive");
  expect(made.lastResponse.idempotencyKey).toBe("ord_1/1");
});

test.each([
  ["pm_card_chargeDeclined", "card_declined", "generic_decline"],
  ["pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"],
  ["pm_card_chargeDeclinedExpiredCard", "expired_card", ""],
])("%s is declined with its code, and the intent can be paid with another card", async (method, code, declineCode) => {
  const stripe = (await stripeWorld()).client();
  const { id } = await stripe.paymentIntents.create(order);
  const error = await problemOf(stripe.paymentIntents.confirm(id, { payment_method: method }));
  expect(error).toMatchObject({ type: "StripeCardError", statusCode: 402, code, decline_code: declineCode });
  expect(error.payment_intent).toMatchObject({ id, status: "requires_payment_method" });

  const declined = await stripe.paymentIntents.retrieve(id, { expand: ["latest_charge"] });
  expect(declined).toMatchObject({ status: "requires_payment_method", payment_method: null, amount_received: 0 });
  expect(declined.last_payment_error).toMatchObject({ type: "card_error", code });
  expect(declined.latest_charge).toMatchObject({ status: "failed", paid: false, failure_code: code });

  expect(await stripe.paymentIntents.confirm(id, { payment_method: "pm_card_visa" })).toMatchObject({
    status: "succeeded",
    last_payment_error: null,
  });
});

test("a card that wants authentication waits for the customer; when the customer is away it is declined", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const { id } = await stripe.paymentIntents.create(order);
  const waiting = await stripe.paymentIntents.confirm(id, { payment_method: "pm_card_authenticationRequired" });
  expect(waiting).toMatchObject({ status: "requires_action", next_action: { type: "use_stripe_sdk" }, amount_received: 0 });
  expect((await w.control({ mode: "authenticate", payment_intent: id })).body.result).toMatchObject({ status: "succeeded" });
  expect(await stripe.paymentIntents.retrieve(id)).toMatchObject({
    status: "succeeded",
    amount_received: 1250,
    next_action: null,
  });

  const away = stripe.paymentIntents.create({
    ...order,
    payment_method: "pm_card_authenticationRequired",
    confirm: true,
    off_session: true,
  });
  expect(await problemOf(away)).toMatchObject({ statusCode: 402, code: "authentication_required" });

  const failing = await stripe.paymentIntents.create({
    ...order,
    payment_method: "pm_card_authenticationRequired",
    confirm: true,
  });
  await w.control({ mode: "authenticate", payment_intent: failing.id, failed: true });
  const failed = await stripe.paymentIntents.retrieve(failing.id);
  expect(failed.last_payment_error?.code).toBe("payment_intent_authentication_failure");
});

test("money that comes later settles by control, in any amount, on the charge that was pending", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  const slow = await stripe.paymentIntents.create({ ...order, payment_method: "pm_card_processing", confirm: true });
  expect(slow).toMatchObject({ status: "processing", amount_received: 0 });
  expect(await problemOf(stripe.paymentIntents.cancel(slow.id))).toMatchObject({ code: "payment_intent_unexpected_state" });
  await w.control({ mode: "settle", payment_intent: slow.id, amount_received: 1249 });
  expect(await stripe.paymentIntents.retrieve(slow.id)).toMatchObject({
    status: "succeeded",
    amount: 1250,
    amount_received: 1249,
    latest_charge: slow.latest_charge,
  });
  expect((await w.control({ mode: "settle", payment_intent: slow.id })).status).toBe(400);

  const bad = await stripe.paymentIntents.create({ ...order, payment_method: "pm_card_processing", confirm: true });
  await w.control({ mode: "settle", payment_intent: bad.id, failed: true });
  expect(await stripe.paymentIntents.retrieve(bad.id)).toMatchObject({ status: "requires_payment_method", amount_received: 0 });
});

test("an intent can be changed while it is open, canceled once, and never after it has been paid", async () => {
  const stripe = (await stripeWorld()).client();
  const { id } = await stripe.paymentIntents.create(order);
  const changed = await stripe.paymentIntents.update(id, {
    amount: 2000,
    currency: "usd",
    metadata: { order: "", more: "x" },
    payment_method: "pm_card_visa",
  });
  expect(changed).toMatchObject({ amount: 2000, currency: "usd", metadata: { more: "x" }, status: "requires_confirmation" });
  expect(changed.metadata).toEqual({ more: "x" });
  expect(changed.payment_method).toMatch(/^pm_1/);
  expect(await stripe.paymentIntents.confirm(id)).toMatchObject({ status: "succeeded", amount_received: 2000 });
  expect(await stripe.paymentIntents.update(id, { metadata: { late: "yes" } })).toMatchObject({
    metadata: { more: "x", late: "yes" },
  });

  const unexpected = { type: "StripeInvalidRequestError", statusCode: 400, code: "payment_intent_unexpected_state" };
  expect(await problemOf(stripe.paymentIntents.update(id, { amount: 100 }))).toMatchObject(unexpected);
  expect(await problemOf(stripe.paymentIntents.confirm(id, { payment_method: "pm_card_visa" }))).toMatchObject(unexpected);
  expect(await problemOf(stripe.paymentIntents.cancel(id))).toMatchObject(unexpected);
  expect((await stripe.paymentIntents.retrieve(id)).amount).toBe(2000);

  const other = await stripe.paymentIntents.create(order);
  expect(await problemOf(stripe.paymentIntents.confirm(other.id))).toMatchObject(unexpected);
  const gone = await stripe.paymentIntents.cancel(other.id, { cancellation_reason: "abandoned" });
  expect(gone).toMatchObject({ status: "canceled", cancellation_reason: "abandoned" });
  expect(gone.canceled_at).toBeGreaterThan(0);
  expect(await problemOf(stripe.paymentIntents.cancel(other.id))).toMatchObject(unexpected);
  expect(await problemOf(stripe.paymentIntents.confirm(other.id, { payment_method: "pm_card_visa" }))).toMatchObject(unexpected);
});

test.each([
  [{ currency: "eur" }, "parameter_missing", "amount"],
  [{ amount: 1250 }, "parameter_missing", "currency"],
  [{ amount: 12.5, currency: "eur" }, "parameter_invalid_integer", "amount"],
  [{ amount: -1, currency: "eur" }, "parameter_invalid_integer", "amount"],
  [{ amount: 49, currency: "usd" }, "amount_too_small", "amount"],
  [{ amount: 29, currency: "gbp" }, "amount_too_small", "amount"],
  [{ amount: 100_000_000, currency: "eur" }, "amount_too_large", "amount"],
  [{ amount: 1250, currency: "" }, "parameter_invalid_empty", "currency"],
  [{ amount: 1250, currency: "xyz" }, undefined, "currency"],
  [{ ...order, status: "succeeded" }, "parameter_unknown", "status"],
  [{ ...order, automatic_payment_methods: { enabled: true, odd: 1 } }, "parameter_unknown", "automatic_payment_methods[odd]"],
  [
    { ...order, automatic_payment_methods: { allow_redirects: "never" } },
    "parameter_missing",
    "automatic_payment_methods[enabled]",
  ],
  [{ ...order, customer: "cus_1" }, "resource_missing", "customer"],
  [{ ...order, transfer_group: "orders" }, "parameter_not_simulated", "transfer_group"],
  [{ ...order, payment_method: "pm_nothing" }, "resource_missing", "payment_method"],
  [{ ...order, return_url: "https://shop.example" }, undefined, "return_url"],
  [{ ...order, metadata: { x: "y".repeat(501) } }, undefined, "metadata[x]"],
  [{ ...order, metadata: { a: { b: "c" } } }, undefined, "metadata[a]"],
  [{ ...order, expand: "latest_charge" }, undefined, "expand"],
])("a wrong intent is refused and none is made: %j", async (params, code, param) => {
  const stripe = (await stripeWorld()).client();
  const error = await problemOf(stripe.rawRequest("POST", "/v1/payment_intents", params));
  expect(error).toMatchObject({ type: "StripeInvalidRequestError", statusCode: 400, code, param });
  expect((await stripe.paymentIntents.list()).data).toEqual([]);
});

test("accounts and modes share nothing", async () => {
  const w = await stripeWorld();
  const { id } = await w.client("sk_live_shop").paymentIntents.create(order);
  const foreign = await problemOf(w.client("sk_live_other").paymentIntents.retrieve(id));
  expect(foreign).toMatchObject({ statusCode: 404, code: "resource_missing", message: `No such payment_intent: '${id}'` });
  const otherMode = await problemOf(w.client("sk_test_shop").paymentIntents.retrieve(id));
  expect(otherMode).toMatchObject({ statusCode: 404, code: "resource_missing" });
  expect(otherMode.message).toContain("a similar object exists in live mode, but a test mode key was used");
  expect((await w.client("sk_test_shop").paymentIntents.list()).data).toEqual([]);
  expect((await w.client("sk_live_other").events.list()).data).toEqual([]);
  expect(await w.client("sk_live_other").accounts.retrieveCurrent()).toMatchObject({ id: "acct_other", charges_enabled: true });
});

test("a key is needed, and a publishable one opens only what the customer's browser needs", async () => {
  const w = await stripeWorld();
  const made = await w.client().paymentIntents.create(order);
  expect(await problemOf(w.client("nonsense").accounts.retrieveCurrent())).toMatchObject({
    type: "StripeAuthenticationError",
    statusCode: 401,
  });
  expect((await fetch(`${w.url}/v1/account`)).status).toBe(401);
  const basic = `Basic ${Buffer.from("sk_live_shop:").toString("base64")}`;
  expect((await fetch(`${w.url}/v1/account`, { headers: { authorization: basic } })).status).toBe(200);

  const browser = w.client("pk_live_shop");
  expect(await problemOf(browser.paymentIntents.create(order))).toMatchObject({ statusCode: 403, code: "secret_key_required" });
  expect(await problemOf(browser.paymentIntents.retrieve(made.id))).toMatchObject({
    code: "parameter_missing",
    param: "client_secret",
  });
  expect(await problemOf(browser.paymentIntents.retrieve(made.id, { client_secret: "pi_x_secret_y" }))).toMatchObject({
    statusCode: 400,
    param: "client_secret",
  });
  const seen = await browser.paymentIntents.retrieve(made.id, { client_secret: made.client_secret ?? "" });
  expect(seen).toMatchObject({ id: made.id, status: "requires_payment_method" });
  expect(seen.metadata).toBeUndefined();

  const declined = await w.post(`/v1/payment_intents/${made.id}/confirm`, {
    key: "pk_live_shop",
    client_secret: made.client_secret ?? "",
    payment_method: "pm_card_chargeDeclined",
  });
  const { error } = await declined.json<{ error: { payment_intent: object } }>();
  expect(declined.status).toBe(402);
  expect(Object.keys(error.payment_intent)).not.toContain("metadata");
});

test("lists are paged newest first, and can be filtered by time", async () => {
  const stripe = (await stripeWorld()).client();
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.unshift((await stripe.paymentIntents.create(order)).id);
  const all: string[] = [];
  for await (const { id } of stripe.paymentIntents.list({ limit: 2 })) all.push(id);
  expect(all).toEqual(ids);
  const before = await stripe.paymentIntents.list({ limit: 2, ending_before: ids[4] ?? "" });
  expect(before.data.map(({ id }) => id)).toEqual(ids.slice(2, 4));
  expect(before.has_more).toBe(true);
  expect((await stripe.paymentIntents.list({ created: { gt: Math.floor(Date.now() / 1000) + 60 } })).data).toEqual([]);
  expect(await problemOf(stripe.paymentIntents.list({ limit: 101 }))).toMatchObject({ param: "limit" });
  expect(await problemOf(stripe.paymentIntents.list({ starting_after: "pi_none" }))).toMatchObject({ code: "resource_missing" });
  const paid = await stripe.paymentIntents.confirm(ids[0] ?? "", { payment_method: "pm_card_visa" });
  const listed = await stripe.paymentIntents.list({ limit: 1, expand: ["data.latest_charge"] });
  expect(listed.data[0]?.latest_charge).toMatchObject({ id: paid.latest_charge, object: "charge" });
  expect(await problemOf(stripe.paymentIntents.retrieve(paid.id, { expand: ["nothing"] }))).toMatchObject({ param: "expand" });
});

test("a charge is refunded in parts until nothing is left", async () => {
  const stripe = (await stripeWorld()).client();
  const paid = await stripe.paymentIntents.create({ ...order, payment_method: "pm_card_visa", confirm: true });
  const first = await stripe.refunds.create({ payment_intent: paid.id, amount: 250, reason: "requested_by_customer" });
  expect(first).toMatchObject({
    object: "refund",
    amount: 250,
    status: "succeeded",
    charge: paid.latest_charge,
    currency: "eur",
  });
  expect(await problemOf(stripe.refunds.create({ payment_intent: paid.id, amount: 1001 }))).toMatchObject({
    statusCode: 400,
    param: "amount",
  });
  expect(await stripe.refunds.create({ charge: idOf(paid.latest_charge) })).toMatchObject({ amount: 1000 });
  expect(await problemOf(stripe.refunds.create({ payment_intent: paid.id }))).toMatchObject({ code: "charge_already_refunded" });
  expect(await stripe.refunds.retrieve(first.id, { expand: ["charge"] })).toMatchObject({
    charge: { amount_refunded: 1250, refunded: true },
  });
  expect((await stripe.refunds.list({ payment_intent: paid.id })).data).toHaveLength(2);
  const unpaid = await stripe.paymentIntents.create(order);
  expect((await problemOf(stripe.refunds.create({ payment_intent: unpaid.id }))).statusCode).toBe(400);
});

test("nothing that is sent brings the simulator down", async () => {
  const w = await stripeWorld();
  const auth = { authorization: "Bearer sk_live_shop" };
  const form = "a[b]=1&a=2&__proto__[polluted]=yes&a[[=3&=&%E0%A4%A=1";
  expect((await w.post("/v1/payment_intents", form, auth)).status).toBe(400);
  expect((await w.post("/v1/payment_intents", { amount: "x".repeat(2_000_000) }, auth)).status).toBe(413);
  expect((await w.post("/v1/payment_intents/%E0%A4%A/confirm", {}, auth)).status).toBe(404);
  expect((await w.post("/v1/payment_intents//confirm", {}, auth)).status).toBe(404);
  expect(
    (await w.post("/v1/payment_intents", { amount: "1250", currency: "eur" }, { ...auth, "stripe-version": "yesterday" })).status,
  ).toBe(400);
  expect((await fetch(`${w.url}/v1/nothing`, { headers: auth })).status).toBe(404);
  const json = await fetch(`${w.url}/v1/payment_intents`, {
    method: "POST",
    body: "{}",
    headers: { ...auth, "content-type": "application/json" },
  });
  expect(json.status).toBe(400);
  for (const body of [
    "",
    "[]",
    "{",
    '{"mode":"odd"}',
    '{"mode":"drop","count":-1}',
    '{"mode":"drop","tymes":1}',
    '{"mode":"settle"}',
  ]) {
    expect((await fetch(`${w.url}/_control`, { method: "POST", body })).status).toBe(400);
  }
  expect((await fetch(`${w.url}/_control/odd`)).status).toBe(404);
  expect(await w.client().paymentIntents.create(order)).toMatchObject({ status: "requires_payment_method" });
});
