import { env } from "cloudflare:workers";
import { afterEach, expect, inject, test } from "vitest";
import { applyWaiting } from "../../../workers/sales/waiting.ts";
import { upTo } from "../world.ts";
import { rowCounts, shop } from "./shop.ts";

// The faults meet everybody who calls this simulator, so these tests have it for themselves and run one after another.
const FAULTY = { stripe: "faulty" } as const;
const INTENTS = "/v1/payment_intents";

afterEach(async () => {
  await fetch(`${inject("stripe").faulty}/_control`, { method: "POST", body: JSON.stringify({ mode: "normal" }) });
});

const inTenMinutes = () => ({
  env,
  executionCtx: { waitUntil: () => undefined },
  var: { realNow: new Date(Date.now() + 11 * 60_000), requestId: "req_sweep" },
});

test("the edge dies after Stripe made the payment: the same request again is the same order with one payment", async () => {
  const s = await shop(FAULTY);
  await s.stripe.control({ mode: "timeout_after_success", path: INTENTS, ms: 10 });
  const first = await s.order({ external_id: "cart-1" }, { idempotencyKey: "cart-1" });
  expect(first).toMatchObject({ status: 409, body: { code: "payment_provider_unreachable" } });
  expect(first.headers.get("retry-after")).toBe("5");
  const [begun] = (await s.get("/v1/orders")).body["data"];
  expect(begun).toMatchObject({ status: "pending", payment: { provider_ref: null } });

  const again = await s.order({ external_id: "cart-1" }, { idempotencyKey: "cart-1" });
  expect(again).toMatchObject({ status: 201, body: { id: begun.id, number: "ORD-000001" } });
  const [intent, ...others] = await s.stripe.intents();
  expect(others).toEqual([]);
  expect(again.body["payment"]).toMatchObject({ provider_ref: intent?.["id"], client_secret: intent?.["client_secret"] });
  expect(await s.told("order.created")).toHaveLength(1);

  const replayed = await s.order({ external_id: "cart-1" }, { idempotencyKey: "cart-1" });
  expect(replayed.text).toBe(again.text);
  expect(replayed.headers.get("idempotency-replayed")).toBe("true");
  expect(await s.order({}, { idempotencyKey: "cart-1" })).toMatchObject({ status: 422 });
});

test("while Stripe is asked an equal request waits its turn, and in the end there is one order", async () => {
  const s = await shop(FAULTY);
  await s.stripe.control({ mode: "latency", ms: 300 });
  const answers = await Promise.all(upTo(10).map(() => s.order({}, { idempotencyKey: "k" })));
  const made = answers.filter(({ status }) => status === 201);
  expect(new Set(made.map(({ text }) => text)).size).toBe(1);
  for (const { status, body, headers } of answers.filter(({ status }) => status !== 201)) {
    expect([status, body["code"]]).toEqual([409, "idempotency_in_flight"]);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
  }
  expect((await s.order({}, { idempotencyKey: "k" })).text).toBe(made[0]?.text);
  expect(await s.stripe.intents()).toHaveLength(1);
  expect((await s.get("/v1/orders")).body["data"]).toHaveLength(1);
});

test.each([
  ["refuses the key", 401],
  ["refuses what is asked", 400],
  ["refuses the card", 402],
])("Stripe %s: no order stays behind, and its external_id is free", async (_, status) => {
  const s = await shop(FAULTY);
  await s.stripe.control({ mode: "fail", path: INTENTS, status });
  const refused = await s.order({ external_id: "cart-2" }, { idempotencyKey: "a" });
  expect(refused).toMatchObject({ status: 409, body: { code: "payment_provider_failed" } });
  expect(refused.text).not.toContain(s.stripe.secretKey);
  const [order] = (await s.get("/v1/orders")).body["data"];
  expect(order).toMatchObject({ status: "canceled", payment_status: "failed", external_id: null });
  expect(await s.told("order.canceled", order.id)).toHaveLength(1);

  expect(await s.order({ external_id: "cart-2" }, { idempotencyKey: "a" })).toMatchObject({
    status: 409,
    body: { code: "payment_provider_failed" },
  });
  expect(await s.order({ external_id: "cart-2" }, { idempotencyKey: "b" })).toMatchObject({
    status: 201,
    body: { external_id: "cart-2" },
  });
  expect(await s.stripe.intents()).toHaveLength(1);
});

test.each([429, 500, 503])("Stripe answers %i: the same request again goes on", async (status) => {
  const s = await shop(FAULTY);
  await s.stripe.control({ mode: "fail", path: INTENTS, status });
  expect(await s.order({}, { idempotencyKey: "a" })).toMatchObject({
    status: 409,
    body: { code: "payment_provider_unreachable" },
  });
  expect(await s.order({}, { idempotencyKey: "a" })).toMatchObject({ status: 201, body: { number: "ORD-000001" } });
  expect(await s.stripe.intents()).toHaveLength(1);
});

test("an order below what Stripe charges at least is refused in Stripe's own words", async () => {
  const s = await shop(FAULTY);
  const refused = await s.order({ items: [{ template_id: s.templateId, unit_amount: 1 }] });
  expect(refused).toMatchObject({
    status: 409,
    body: { code: "payment_provider_failed", detail: expect.stringContaining("amount_too_small") },
  });
});

test("an order whose payment nobody knows of is canceled with it", async () => {
  const s = await shop(FAULTY);
  await s.stripe.control({ mode: "timeout_after_success", path: INTENTS, ms: 10 });
  await s.order({}, { idempotencyKey: "a" });
  const [{ id }] = (await s.get("/v1/orders")).body["data"];
  expect(await s.post(`/v1/orders/${id}/cancel`)).toMatchObject({ status: 200, body: { status: "canceled" } });
  expect(await s.stripe.intents()).toMatchObject([{ status: "canceled" }]);
  expect(await s.order({}, { idempotencyKey: "a" })).toMatchObject({ status: 409, body: { code: "payment_provider_failed" } });
});

test("an order that is canceled while Stripe is asked ends without a payment to be made", async () => {
  const s = await shop(FAULTY);
  await s.stripe.control({ mode: "latency", ms: 400 });
  const placing = s.order();
  let id: string | undefined;
  while (id === undefined) id = (await s.get("/v1/orders")).body["data"][0]?.id;
  await env.DB_00.prepare("update orders set status = 'canceled', version = version + 1 where id = ?").bind(id).run();
  expect(await placing).toMatchObject({ status: 409, body: { code: "order_canceled" } });
  expect(await s.stripe.intents()).toMatchObject([{ status: "canceled" }]);
});

test("what Stripe cannot end now is not canceled", async () => {
  const s = await shop(FAULTY);
  const { id } = (await s.order()).body as { id: string };
  await s.stripe.control({ mode: "fail", path: `${INTENTS}/`, status: 503 });
  expect(await s.post(`/v1/orders/${id}/cancel`)).toMatchObject({ status: 409, body: { code: "payment_provider_unreachable" } });
  expect(await s.read(id)).toMatchObject({ status: "pending" });
  expect((await s.post(`/v1/orders/${id}/cancel`)).status).toBe(200);
});

test("an event whose payment cannot be fetched is kept, and applied when Stripe sends it again", async () => {
  const s = await shop(FAULTY);
  const { body } = await s.order();
  await s.stripe.pay(body["payment"].client_secret);
  const event = (await s.stripe.events()).find(({ type }) => type === "payment_intent.succeeded")!;
  await s.stripe.control({ mode: "fail", path: `${INTENTS}/`, status: 500, times: 2 });
  const deferred = await s.hook(event);
  expect(deferred).toMatchObject({ status: 503, body: { code: "webhook_deferred" } });
  expect(deferred.headers.get("retry-after")).toBe("60");
  expect((await s.hook(event)).status).toBe(503);
  expect(await s.read(body["id"])).toMatchObject({ status: "pending", payment_status: "pending" });

  expect((await s.hook(event)).status).toBe(200);
  expect((await s.hook(event)).status).toBe(200);
  expect(await s.read(body["id"])).toMatchObject({ status: "approved", payment_status: "paid" });
  expect(await s.told("order.paid")).toHaveLength(1);
});

test("an event that was kept is applied by the sweep, once, even where Stripe gives up", async () => {
  const s = await shop(FAULTY);
  const { body } = await s.order();
  await s.stripe.pay(body["payment"].client_secret);
  const event = (await s.stripe.events()).at(-1)!;
  await s.stripe.control({ mode: "fail", path: `${INTENTS}/`, status: 500 });
  expect((await s.hook(event)).status).toBe(503);

  const soon = { ...inTenMinutes(), var: { realNow: new Date(), requestId: "req_sweep" } };
  expect(await applyWaiting(soon, "00")).toBe(0);
  const sweeps = await Promise.all(upTo(3).map(() => applyWaiting(inTenMinutes(), "00")));
  expect(sweeps.reduce((sum, applied) => sum + applied, 0)).toBe(1);
  expect(await s.read(body["id"])).toMatchObject({ status: "approved", payment_status: "paid" });
  expect(await s.told("order.fulfillment_requested")).toHaveLength(1);
  expect(await applyWaiting(inTenMinutes(), "00")).toBe(0);
});

test("a refund that does not come about leaves the event waiting, and comes about later, once", async () => {
  const s = await shop(FAULTY);
  const { body } = await s.order();
  await s.stripe.pay(body["payment"].client_secret);
  await env.DB_00.prepare("update orders set status = 'canceled' where id = ?").bind(body["id"]).run();
  const event = (await s.stripe.events()).at(-1)!;
  await s.stripe.control({ mode: "timeout_after_success", path: "/v1/refunds", ms: 10 });
  expect((await s.hook(event)).status).toBe(503);
  expect(await s.told("payment.unexpected")).toEqual([]);
  expect((await s.hook(event)).status).toBe(200);
  const [refund, ...others] = await s.stripe.refunds();
  expect(others).toEqual([]);
  const told = await s.told("payment.unexpected");
  expect(told.map(({ data }) => data.object["refund"])).toEqual([{ id: refund?.["id"], status: "succeeded" }]);
  expect(await s.read(body["id"])).toMatchObject({ payment_status: "refunded" });
});

test("with keys of another account nothing of ours is found, and nothing is written", async () => {
  const s = await shop(FAULTY);
  const { body } = await s.order();
  await s.stripe.pay(body["payment"].client_secret);
  const event = (await s.stripe.events()).at(-1)!;
  const settings = { webhook_secret: s.webhookSecret, api_base: s.origin };
  await s.put("/v1/payment_providers/stripe", { ...settings, secret_key: "sk_live_someoneelse" });
  const before = await rowCounts();
  expect(await s.hook(event)).toMatchObject({ status: 400, body: { code: "webhook_refused" } });
  expect(await rowCounts()).toEqual(before);

  await s.put("/v1/payment_providers/stripe", { ...settings, secret_key: s.stripe.secretKey });
  expect((await s.hook(event)).status).toBe(200);
  expect(await s.read(body["id"])).toMatchObject({ payment_status: "paid" });
});
