import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { order, problemOf, stripeWorld } from "./world.ts";

const form = { amount: "1250", currency: "eur" };
const under = (key: string) => ({ authorization: "Bearer sk_live_shop", "idempotency-key": key });

test("the same key and parameters give the saved answer to the byte, and one intent", async () => {
  const w = await stripeWorld();
  const first = await w.post("/v1/payment_intents", form, under("k1"));
  const again = await w.post("/v1/payment_intents", { currency: "eur", amount: "1250" }, under("k1"));
  expect(first.headers.get("idempotent-replayed")).toBeNull();
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(again.headers.get("original-request")).toBe(first.headers.get("request-id"));
  expect(await again.text()).toBe(await first.text());
  expect((await w.client().paymentIntents.list()).data).toHaveLength(1);
});

test("a key used for something else is refused, and keys of other accounts do not meet", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  await stripe.paymentIntents.create(order, { idempotencyKey: "k1" });
  const changed = await problemOf(stripe.paymentIntents.create({ ...order, amount: 1251 }, { idempotencyKey: "k1" }));
  expect(changed).toMatchObject({ type: "StripeIdempotencyError", statusCode: 400 });
  expect(await problemOf(stripe.refunds.create({ charge: "ch_1" }, { idempotencyKey: "k1" }))).toMatchObject({
    type: "StripeIdempotencyError",
  });
  for (const key of ["sk_live_other", "sk_test_shop"]) {
    expect(await w.client(key).paymentIntents.create({ ...order, amount: 1251 }, { idempotencyKey: "k1" })).toMatchObject({
      amount: 1251,
    });
  }
});

test("a refusal before execution is not saved; a decline and a 500 are", async () => {
  const w = await stripeWorld();
  const stripe = w.client();
  expect((await w.post("/v1/payment_intents", { amount: "1" }, under("k1"))).status).toBe(400);
  expect(await stripe.paymentIntents.create(order, { idempotencyKey: "k1" })).toMatchObject({ amount: 1250 });

  const { id } = await stripe.paymentIntents.create(order);
  const declined = () =>
    stripe.paymentIntents.confirm(id, { payment_method: "pm_card_chargeDeclined" }, { idempotencyKey: "k2" });
  const first = await problemOf(declined());
  const second = await problemOf(declined());
  expect(second.charge).toBe(first.charge);
  expect(second.headers?.["idempotent-replayed"]).toBe("true");

  await w.control({ mode: "fail", path: "/v1/payment_intents", times: 1, status: 500 });
  expect(await problemOf(stripe.paymentIntents.create(order, { idempotencyKey: "k3" }))).toMatchObject({ statusCode: 500 });
  expect(await problemOf(stripe.paymentIntents.create(order, { idempotencyKey: "k3" }))).toMatchObject({ statusCode: 500 });
  await w.control({ mode: "fail", path: "/v1/payment_intents", times: 1, status: 503 });
  expect(await problemOf(stripe.paymentIntents.create(order, { idempotencyKey: "k4" }))).toMatchObject({ statusCode: 503 });
  expect(await stripe.paymentIntents.create(order, { idempotencyKey: "k4" })).toMatchObject({ amount: 1250 });
});

test("a racer with the same key is told 409 while the first is still running", async () => {
  const w = await stripeWorld();
  await w.control({ mode: "latency", ms: 300 });
  const answers = await Promise.all([1, 2, 3].map(() => w.post("/v1/payment_intents", form, under("k1"))));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
  await w.control({ mode: "normal" });
  expect((await w.post("/v1/payment_intents", form, under("k1"))).headers.get("idempotent-replayed")).toBe("true");
  expect((await w.client().paymentIntents.list()).data).toHaveLength(1);
});

test("an answer lost after the effect is found again under its key", async () => {
  const w = await stripeWorld();
  await w.control({ mode: "timeout_after_success", path: "/v1/payment_intents", times: 1, ms: 20 });
  await expect(w.post("/v1/payment_intents", form, under("k1"))).rejects.toThrow("fetch failed");
  const again = await w.post("/v1/payment_intents", form, under("k1"));
  const [only, ...more] = (await w.client().paymentIntents.list()).data;
  expect((await again.json<{ id: string }>()).id).toBe(only?.id);
  expect(more).toEqual([]);
});

test("a key is forgotten after 24 hours, and not by a restart", async () => {
  const statePath = path.join(mkdtempSync(path.join(tmpdir(), "latchkey-")), "stripe.ndjson");
  const before = await stripeWorld(statePath);
  const { id } = await before.client().paymentIntents.create(order, { idempotencyKey: "k1" });
  await before.close();

  const after = await stripeWorld(statePath);
  expect((await after.client().paymentIntents.create(order, { idempotencyKey: "k1" })).id).toBe(id);
  vi.useFakeTimers({ now: Date.now() + 24 * 60 * 60 * 1000 + 1, toFake: ["Date"] });
  try {
    expect((await after.client().paymentIntents.create(order, { idempotencyKey: "k1" })).id).not.toBe(id);
  } finally {
    vi.useRealTimers();
  }
});
