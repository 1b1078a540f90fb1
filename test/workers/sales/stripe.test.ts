import { env } from "cloudflare:workers";
import { expect, inject, test } from "vitest";
import { send, upTo, world } from "../world.ts";
import { rowCounts, shop, type Shop } from "./shop.ts";

const SETTLED = ["order.payment_updated", "order.paid", "order.approved", "order.fulfillment_requested"] as const;

/** A placed order and its payment at Stripe. */
async function placed(s: Shop, more: object = {}) {
  const { status, body, text } = await s.order(more);
  if (status !== 201) throw new Error(text);
  return {
    id: body["id"] as string,
    intent: body["payment"].provider_ref as string,
    secret: body["payment"].client_secret as string,
  };
}

async function toldOnce(s: Shop, id: string) {
  return Promise.all(SETTLED.map(async (type) => (await s.told(type, id)).length));
}

test("an order's payment is made at Stripe unconfirmed, and its client secret lies nowhere in the open", async () => {
  const s = await shop();
  const { id, intent, secret } = await placed(s, { items: [{ template_id: s.templateId, quantity: 2 }] });
  const [made, ...others] = await s.stripe.intents();
  expect(others).toEqual([]);
  expect(made).toMatchObject({
    id: intent,
    amount: 9800,
    currency: "eur",
    status: "requires_payment_method",
    client_secret: secret,
  });
  expect(made?.["metadata"]).toEqual({ tenant_id: s.tenant.id, order_id: id });
  expect((await s.read(id))["payment"]).toEqual({ provider: "stripe", provider_ref: intent, client_secret: secret });
  expect((await s.get("/v1/orders")).body["data"][0].payment.client_secret).toBeNull();

  const { results: tables } = await env.DB_00.prepare("select name from sqlite_master where type = 'table'").all<{
    name: string;
  }>();
  for (const { name } of tables.filter(({ name }) => !name.startsWith("_cf"))) {
    expect(JSON.stringify((await env.DB_00.prepare(`select * from "${name}"`).all()).results), name).not.toContain(secret);
  }
});

test("a settled payment approves the order and asks for its licenses, once", async () => {
  const s = await shop();
  const { id, secret } = await placed(s);
  await s.stripe.pay(secret);
  expect((await s.bring()).map(({ status }) => status)).toEqual([200, 200, 200, 200]);

  const order = await s.read(id);
  expect(order).toMatchObject({
    status: "approved",
    payment_status: "paid",
    amount_paid: 4900,
    payment: { client_secret: null },
  });
  expect(order["fulfillment_requested_at"]).not.toBeNull();
  expect(await toldOnce(s, id)).toEqual([1, 1, 1, 1]);
  const [paid] = await s.told("order.paid", id);
  expect(paid).toMatchObject({ actor_type: "provider", data: { previous: { payment_status: "pending", amount_paid: 0 } } });
});

test("with manual fulfillment a settled payment approves, and asks for nothing", async () => {
  const s = await shop();
  const { id, secret } = await placed(s, { fulfillment_method: "manual" });
  await s.stripe.pay(secret);
  await s.bring();
  expect(await s.read(id)).toMatchObject({ status: "approved", payment_status: "paid", fulfillment_requested_at: null });
  expect(await toldOnce(s, id)).toEqual([1, 1, 1, 0]);
  expect((await s.post(`/v1/orders/${id}/fulfill`)).status).toBe(202);
});

test("the same event five times at once, five times after each other, and all events shuffled: one fulfillment", async () => {
  const s = await shop();
  const orders = await Promise.all(upTo(4).map(() => placed(s)));
  for (const { secret } of orders) await s.stripe.pay(secret);
  const events = await s.stripe.events();
  const shuffled = upTo(5)
    .flatMap(() => events)
    .map((event, index) => ({ event, order: (index * 7919) % 61 }))
    .toSorted((a, b) => a.order - b.order);
  const answers = await Promise.all(shuffled.map(({ event }) => s.hook(event)));
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(['200 {"received":true}']));
  for (const event of events) await s.hook(event);

  for (const { id } of orders) {
    expect(await s.read(id)).toMatchObject({ status: "approved", payment_status: "paid", amount_paid: 4900 });
    expect(await toldOnce(s, id)).toEqual([1, 1, 1, 1]);
  }
  const stored = await env.DB_00.prepare(
    "select count(*) as n, count(applied_at) as applied from provider_events where tenant_id = ?",
  )
    .bind(s.tenant.id)
    .first();
  expect(stored).toEqual({ n: events.length, applied: events.length });
});

test("what does not prove to be a recent event of this tenant's account is the same 400, and nothing is written", async () => {
  const [s, other, bare] = [await shop(), await shop(), await world()];
  const { secret } = await placed(s);
  await s.stripe.pay(secret);
  const event = (await s.stripe.events()).find(({ type }) => type === "payment_intent.succeeded")!;
  const closed = await shop();
  await env.DB_00.prepare("update tenants set closed_at = 1 where id = ?").bind(closed.tenant.id).run();

  const before = await rowCounts();
  const refusals = {
    forged: await s.hook(event, { secret: "whsec_guessed" }),
    "another tenant's secret": await s.hook(event, { secret: other.webhookSecret }),
    "another tenant's hook": await s.hook(event, { path: `/hooks/stripe/${other.tenant.id}` }),
    "another tenant's event, well signed": await other.hook(event),
    "301 s old": await s.hook(event, { ageS: 301 }),
    // a second may pass on the way
    "301 s in the future": await s.hook(event, { ageS: -302 }),
    "an unknown tenant": await s.hook(event, { path: "/hooks/stripe/ten_000000000000000000000000000" }),
    "no tenant at all": await s.hook(event, { path: "/hooks/stripe/x" }),
    "a tenant without Stripe": await s.hook(event, { path: `/hooks/stripe/${bare.tenant.id}` }),
    "a closed tenant": await closed.hook(event),
    "no signature": await s.hook(event, { header: null }),
    "a signature of no form": await s.hook(event, { header: "v1=00" }),
    "two times": await s.hook(event, { header: `t=${Math.floor(Date.now() / 1000)},t=1,v1=00` }),
    "test mode": await s.hook({ ...event, livemode: false }),
    "another account": await s.hook({ ...event, account: "acct_other" }),
    "no event": await s.hook({ hello: "world" }),
    "an event without an id": await s.hook({ ...event, id: "x" }),
    "no JSON": await s.hook(event, { body: "{" }),
    "no body": await s.hook(event, { body: "" }),
    "a payment that the account does not have": await s.hook({ ...event, id: "evt_new", data: { object: { id: "pi_unknown" } } }),
  };
  const told = Object.entries(refusals).map(([why, { status, text }]) => [why, status, text.replace(/req_[\w-]+/, "")]);
  const expected = refusals.forged.text.replace(/req_[\w-]+/, "");
  expect(refusals.forged).toMatchObject({ status: 400, body: { code: "webhook_refused" } });
  expect(told).toEqual(Object.keys(refusals).map((why) => [why, 400, expected]));
  expect(await rowCounts()).toEqual(before);
});

test("a clock that is five minutes off, this way or that, is no reason to refuse", async () => {
  const s = await shop();
  const { id, secret } = await placed(s);
  await s.stripe.pay(secret);
  const [created, succeeded] = await s.stripe.events();
  expect((await s.hook(created!, { ageS: 298 })).status).toBe(200);
  expect((await s.hook(succeeded!, { ageS: -298 })).status).toBe(200);
  expect(await s.read(id)).toMatchObject({ payment_status: "paid" });
});

test("an event of the account that the tenant named is taken", async () => {
  const s = await shop();
  const { id, secret } = await placed(s);
  await s.stripe.pay(secret);
  await s.put("/v1/payment_providers/stripe", {
    secret_key: s.stripe.secretKey,
    webhook_secret: s.webhookSecret,
    api_base: s.origin,
    account_id: "acct_mine",
  });
  const event = (await s.stripe.events()).at(-1)!;
  expect((await s.hook({ ...event, account: "acct_other" })).status).toBe(400);
  expect((await s.hook({ ...event, account: "acct_mine" })).status).toBe(200);
  expect(await s.read(id)).toMatchObject({ payment_status: "paid" });
});

test("one cent less is no license, whatever comes after", async () => {
  const s = await shop();
  const { id, intent } = await placed(s);
  await s.stripe.settle(intent, 4899);
  await s.bring();
  expect(await s.read(id)).toMatchObject({ status: "pending", payment_status: "partially_paid", amount_paid: 4899 });
  expect(await toldOnce(s, id)).toEqual([1, 0, 0, 0]);
  expect(await s.post(`/v1/orders/${id}/approve`)).toMatchObject({ status: 409, body: { code: "payment_pending" } });
  expect(await s.post(`/v1/orders/${id}/fulfill`)).toMatchObject({ status: 409, body: { code: "order_not_approved" } });
  expect(await s.post(`/v1/orders/${id}/cancel`)).toMatchObject({ status: 409, body: { code: "order_paid" } });
});

test("one cent more is paid, and the surplus stands in the event", async () => {
  const s = await shop();
  const { id, intent } = await placed(s);
  await s.stripe.settle(intent, 4901);
  await s.bring();
  expect(await s.read(id)).toMatchObject({ status: "approved", payment_status: "paid" });
  expect((await s.told("order.paid", id))[0]?.data.object).toMatchObject({ total: 4900, amount_paid: 4901 });
});

test("another currency buys nothing, and is told once", async () => {
  const s = await shop();
  const { id, intent, secret } = await placed(s);
  await s.stripe.call("POST", `/v1/payment_intents/${intent}`, { currency: "usd" });
  await s.stripe.pay(secret);
  for (const _ of upTo(2)) await s.bring();
  expect(await s.read(id)).toMatchObject({ status: "pending", payment_status: "pending", amount_paid: 0 });
  const [told, ...others] = await s.told("payment.unexpected");
  expect(others).toEqual([]);
  expect(told).toMatchObject({
    subject_id: intent,
    data: { object: { reason: "wrong_currency", order_id: id, amount: 4900, currency: "USD", refund: null } },
  });
});

test("another order's payment, or one made beside us in an order's name, buys nothing", async () => {
  const s = await shop();
  const [a, b] = [await placed(s), await placed(s)];
  // the vendor makes a payment of its own that says it is for order a, and renames that of order b
  const stray = await s.stripe.call("POST", "/v1/payment_intents", {
    amount: "4900",
    currency: "eur",
    payment_method: "pm_card_visa",
    confirm: "true",
    "metadata[tenant_id]": s.tenant.id,
    "metadata[order_id]": a.id,
  });
  await s.stripe.call("POST", `/v1/payment_intents/${b.intent}`, { "metadata[order_id]": a.id });
  await s.stripe.pay(b.secret);
  await Promise.all((await s.stripe.events()).map((event) => s.hook(event)));

  expect(await s.read(a.id)).toMatchObject({ status: "pending", payment_status: "pending" });
  expect(await s.read(b.id)).toMatchObject({ status: "approved", payment_status: "paid" });
  const told = await s.told("payment.unexpected");
  expect(told.map(({ subject_id, data }) => [subject_id, data.object["reason"]])).toEqual([[stray["id"], "unknown_payment"]]);
});

test("what else the vendor sells through the same account is none of our business", async () => {
  const s = await shop();
  await s.stripe.call("POST", "/v1/payment_intents", {
    amount: "100",
    currency: "eur",
    payment_method: "pm_card_visa",
    confirm: "true",
  });
  expect((await s.bring()).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(
    (await s.hook({ object: "event", id: "evt_1", type: "customer.created", livemode: true, data: { object: { id: "cus_1" } } }))
      .status,
  ).toBe(200);
  expect(await s.told("payment.unexpected")).toEqual([]);
});

test("a payment moves forward through its states, and never back, however its events arrive", async () => {
  const s = await shop();
  const { id, intent, secret } = await placed(s);
  const status = async () => {
    await s.bring();
    return (await s.read(id))["payment_status"];
  };
  await s.stripe.pay(secret, "pm_card_chargeDeclined");
  expect(await status()).toBe("failed");
  await s.stripe.pay(secret, "pm_card_authenticationRequired");
  expect(await status()).toBe("requires_action");
  await s.stripe.pay(secret, "pm_card_processing");
  expect(await status()).toBe("processing");
  expect(await s.post(`/v1/orders/${id}/cancel`)).toMatchObject({ status: 409, body: { code: "payment_processing" } });
  await s.stripe.settle(intent);
  expect(await status()).toBe("paid");

  await s.bring((events) => events.toReversed().map((event) => ({ ...event, id: `${event.id}again` })));
  expect(await s.read(id)).toMatchObject({ status: "approved", payment_status: "paid" });
  expect(await toldOnce(s, id)).toEqual([4, 1, 1, 1]);
});

test("canceling ends the payment at Stripe first", async () => {
  const s = await shop();
  const { id, intent, secret } = await placed(s);
  expect(await s.post(`/v1/orders/${id}/cancel`)).toMatchObject({
    status: 200,
    body: { status: "canceled", payment: { client_secret: null } },
  });
  expect(await s.stripe.intents()).toMatchObject([{ id: intent, status: "canceled" }]);
  expect((await s.stripe.pay(secret))["error"]).toBeDefined();
  await s.bring();
  expect(await s.read(id)).toMatchObject({ status: "canceled", payment_status: "pending", payment: { client_secret: null } });
});

test("a paid order is not canceled, even before we heard of the payment", async () => {
  const s = await shop();
  const { id, secret } = await placed(s);
  await s.stripe.pay(secret);
  expect(await s.post(`/v1/orders/${id}/cancel`)).toMatchObject({ status: 409, body: { code: "order_paid" } });
  await s.bring();
  expect(await s.post(`/v1/orders/${id}/cancel`)).toMatchObject({ status: 409, body: { code: "order_paid" } });
});

test("a payment that Stripe is processing is not canceled either", async () => {
  const s = await shop();
  const { id, secret } = await placed(s);
  await s.stripe.pay(secret, "pm_card_processing");
  expect(await s.post(`/v1/orders/${id}/cancel`)).toMatchObject({ status: 409, body: { code: "payment_processing" } });
});

test("money for a canceled order goes back, once, and is told once", async () => {
  const s = await shop();
  const { id, intent, secret } = await placed(s);
  await s.stripe.pay(secret);
  // as if the cancellation had come first and Stripe had taken the money all the same
  await env.DB_00.prepare("update orders set status = 'canceled' where id = ?").bind(id).run();
  const events = await s.stripe.events();
  await Promise.all([...events, ...events, ...events].map((event) => s.hook(event)));
  await s.bring();

  expect(await s.stripe.refunds()).toMatchObject([{ payment_intent: intent, amount: 4900 }]);
  expect(await s.read(id)).toMatchObject({ status: "canceled", payment_status: "refunded", amount_paid: 0 });
  const [told, ...others] = await s.told("payment.unexpected");
  expect(others).toEqual([]);
  expect(told).toMatchObject({
    subject_id: intent,
    data: { object: { reason: "order_canceled", order_id: id, amount: 4900, refund: { status: "succeeded" } } },
  });
  expect(await toldOnce(s, id)).toEqual([1, 0, 0, 0]);
});

test("money for a canceled order that the vendor gave back by hand is told as well", async () => {
  const s = await shop();
  const { id, intent, secret } = await placed(s);
  await s.stripe.pay(secret);
  await env.DB_00.prepare("update orders set status = 'canceled' where id = ?").bind(id).run();
  await s.stripe.call("POST", "/v1/refunds", { payment_intent: intent });
  expect((await s.bring()).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
  expect(await s.stripe.refunds()).toHaveLength(1);
  expect(await s.told("payment.unexpected")).toHaveLength(1);
  expect(await s.read(id)).toMatchObject({ status: "canceled", payment_status: "refunded" });
});

test("money that the vendor gives back is seen, and what was not yet issued is no longer", async () => {
  const s = await shop();
  const [a, b] = [await placed(s, { fulfillment_method: "manual" }), await placed(s)];
  for (const { secret } of [a, b]) await s.stripe.pay(secret);
  await s.bring();
  await s.stripe.call("POST", "/v1/refunds", { payment_intent: a.intent });
  await s.stripe.call("POST", "/v1/refunds", { payment_intent: b.intent, amount: "900" });
  await s.bring();
  expect(await s.read(a.id)).toMatchObject({ status: "approved", payment_status: "refunded", amount_paid: 0 });
  expect(await s.read(b.id)).toMatchObject({ status: "approved", payment_status: "partially_refunded", amount_paid: 4000 });
  expect(await s.post(`/v1/orders/${a.id}/fulfill`)).toMatchObject({ status: 409, body: { code: "payment_reversed" } });
});

test("a payment that was given back before we heard of it is not fulfilled", async () => {
  const s = await shop();
  const { id, intent, secret } = await placed(s);
  await s.stripe.pay(secret);
  await s.stripe.call("POST", "/v1/refunds", { payment_intent: intent });
  await s.bring();
  expect(await s.read(id)).toMatchObject({ status: "pending", payment_status: "refunded" });
  expect(await toldOnce(s, id)).toEqual([1, 0, 0, 0]);
  expect(await s.post(`/v1/orders/${id}/cancel`)).toMatchObject({ status: 200, body: { status: "canceled" } });
});

test("amounts go to Stripe in its own units, and what it cannot count is refused before anything is written", async () => {
  const s = await shop({ pricing: null });
  const line = (unit_amount: number) => [{ template_id: s.templateId, quantity: 1, unit_amount }];
  const { id, secret } = await placed(s, { items: line(1500), currency: "ISK" });
  expect((await s.stripe.intents())[0]).toMatchObject({ amount: 150_000, currency: "isk" });
  await s.stripe.pay(secret);
  await s.bring();
  expect(await s.read(id)).toMatchObject({ total: 1500, amount_paid: 1500, payment_status: "paid" });

  expect(await s.order({ items: line(5124), currency: "KWD" })).toMatchObject({
    status: 400,
    body: { code: "invalid_request", errors: [{ code: "too_fine" }] },
  });
  expect((await s.get("/v1/orders")).body["data"]).toHaveLength(1);
});

test("a sandbox takes test payments and no others", async () => {
  const s = await shop();
  const { body: product } = await s.post("/v1/products", { name: "P", code: "p" }, { key: s.keys.testSecret });
  const pricing = { currency: "EUR", unit_amount: 4900 };
  const { body: template } = await s.post(
    "/v1/templates",
    { name: "T", product_id: product["id"], type: "perpetual", model: "per_device", pricing },
    { key: s.keys.testSecret },
  );
  const { body: customer } = await s.post(
    "/v1/customers",
    { name: "A", email: "a@b.example", kind: "person" },
    { key: s.keys.testSecret },
  );
  const secretKey = s.stripe.secretKey.replace("live", "test");
  const settings = { secret_key: secretKey, webhook_secret: s.webhookSecret, api_base: inject("stripe").calm };
  expect((await s.put("/v1/payment_providers/stripe", settings, { key: s.keys.testSecret })).status).toBe(200);
  const order = { customer_id: customer["id"], items: [{ template_id: template["id"] }] };
  const { body: made } = await s.post("/v1/orders", order, { key: s.keys.testSecret });
  const intent = made["payment"].provider_ref as string;

  const [created] = (await s.stripe.call("GET", "/v1/events", {}, secretKey))["data"];
  const path = `/hooks/stripe/${s.tenant.sandbox_id}`;
  await s.stripe.settle(intent);
  expect((await s.hook({ ...created, livemode: true }, { path })).status).toBe(400);
  expect((await s.hook(created)).status).toBe(400);
  expect((await s.hook(created, { path })).status).toBe(200);
  const read = await send("GET", `/v1/orders/${made["id"]}`, undefined, { key: s.keys.testSecret });
  expect(read.body).toMatchObject({ status: "approved", payment_status: "paid" });
  expect((await s.get(`/v1/orders/${made["id"]}`)).status).toBe(404);
});
