import { appendFileSync, mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Stripe } from "stripe";
import { expect, test } from "vitest";
import type { Received } from "../../simulators/receiver/server.ts";
import { order, problemOf, receiverWorld, signatureOf, stripeWorld, until } from "./world.ts";

const everything = ["*"] as ["*"];

/** What the receiver got last. */
async function lastOf(receiver: { log: (path: string) => Promise<Received[]> }): Promise<Received> {
  const last = (await receiver.log("/hooks")).at(-1);
  if (!last) throw new Error("the receiver has got nothing");
  return last;
}

const subjectOf = ({ object }: Stripe.Event.Data) => ("id" in object ? object.id : undefined);

/** A shop whose webhooks go to a receiver. */
async function shop(events: Stripe.WebhookEndpointCreateParams.EnabledEvent[] = everything, statePath?: string) {
  const receiver = await receiverWorld();
  const w = await stripeWorld(statePath);
  const stripe = w.client();
  const endpoint = await stripe.webhookEndpoints.create({ url: `${receiver.url}/hooks`, enabled_events: events });
  const pay = () => stripe.paymentIntents.create({ ...order, payment_method: "pm_card_visa", confirm: true });
  const received = async () =>
    (await receiver.log("/hooks")).map(({ body }) => stripe.webhooks.constructEventWithoutVerification(body));
  return { ...w, receiver, stripe, endpoint, pay, received, secret: endpoint.secret ?? "" };
}

test("a payment is told by events that the client's own check accepts, and that can be fetched", async () => {
  const s = await shop();
  const paid = await s.pay();
  const log = await until(async () => {
    const all = await s.receiver.log("/hooks");
    return all.length === 4 && all;
  });
  const events = log.map((entry) => s.stripe.webhooks.constructEvent(entry.body, signatureOf(entry), s.secret));
  expect(events.map(({ type }) => type).sort()).toEqual([
    "charge.succeeded",
    "charge.updated",
    "payment_intent.created",
    "payment_intent.succeeded",
  ]);
  const told = events.find(({ type }) => type === "payment_intent.succeeded");
  expect(told).toMatchObject({
    object: "event",
    livemode: true,
    api_version: "2026-10-28.endive",
    data: { object: { id: paid.id, status: "succeeded", amount_received: 1250 } },
  });
  expect(told?.request?.id).toBe(paid.lastResponse.requestId);
  expect(events.find(({ type }) => type === "payment_intent.created")?.data.object).toMatchObject({
    status: "requires_confirmation",
  });
  const fetched = await until(async () => {
    const event = await s.stripe.events.retrieve(told?.id ?? "");
    return event.pending_webhooks === 0 && event;
  });
  expect(fetched.data).toEqual(told?.data);
  expect((await s.stripe.events.list({ type: "payment_intent.*" })).data).toHaveLength(2);
  expect((await s.stripe.events.list({ types: ["charge.succeeded"] })).data).toHaveLength(1);
});

test("every way an intent can go is told", async () => {
  const s = await shop();
  const { id } = await s.stripe.paymentIntents.create(order);
  await problemOf(s.stripe.paymentIntents.confirm(id, { payment_method: "pm_card_chargeDeclined" }));
  await s.stripe.paymentIntents.confirm(id, { payment_method: "pm_card_authenticationRequired" });
  await s.stripe.paymentIntents.cancel(id);
  const slow = await s.stripe.paymentIntents.create({ ...order, payment_method: "pm_card_processing", confirm: true });
  await s.control({ mode: "settle", payment_intent: slow.id });
  await s.stripe.refunds.create({ payment_intent: slow.id });
  const types = (await s.stripe.events.list({ limit: 100 })).data.map(({ type }) => type).toReversed();
  expect(types).toEqual([
    "payment_intent.created",
    "charge.failed",
    "payment_intent.payment_failed",
    "payment_intent.requires_action",
    "payment_intent.canceled",
    "payment_intent.created",
    "charge.pending",
    "payment_intent.processing",
    "charge.succeeded",
    "payment_intent.succeeded",
    "charge.updated",
    "refund.created",
    "charge.refunded",
  ]);
  await until(async () => (await s.received()).length === types.length);
});

test("an endpoint gets what it subscribed to, only of its own account and mode, and nothing once deleted", async () => {
  const s = await shop(["payment_intent.succeeded"]);
  expect((await s.stripe.webhookEndpoints.retrieve(s.endpoint.id)).secret).toBeUndefined();
  expect((await s.stripe.webhookEndpoints.list()).data.map(({ id, secret }) => [id, secret])).toEqual([
    [s.endpoint.id, undefined],
  ]);
  await s.client("sk_test_shop").paymentIntents.create({ ...order, payment_method: "pm_card_visa", confirm: true });
  await s.client("sk_live_other").paymentIntents.create({ ...order, payment_method: "pm_card_visa", confirm: true });
  const paid = await s.pay();
  await until(async () => (await s.received()).length > 0);
  expect(await s.stripe.webhookEndpoints.del(s.endpoint.id)).toMatchObject({ deleted: true });
  await s.pay();
  expect((await s.received()).map(({ data }) => subjectOf(data))).toEqual([paid.id]);
  expect(await problemOf(s.stripe.webhookEndpoints.del(s.endpoint.id))).toMatchObject({ statusCode: 404 });
  const wrong = s.stripe.webhookEndpoints.create({ url: "nowhere", enabled_events: everything });
  expect(await problemOf(wrong)).toMatchObject({ code: "url_invalid", param: "url" });
});

test("an event is tried again until the endpoint takes it, freshly signed each time", async () => {
  const s = await shop(["payment_intent.succeeded"]);
  await s.receiver.control({ path: "/hooks", mode: "fail", status: 503, times: 3 });
  await s.pay();
  const log = await until(async () => {
    const all = await s.receiver.log("/hooks");
    return all.at(-1)?.answered === 200 && all;
  });
  expect(log.map(({ answered }) => answered)).toEqual([503, 503, 503, 200]);
  for (const entry of log) s.stripe.webhooks.constructEvent(entry.body, signatureOf(entry), s.secret);
  const told = await until(async () => {
    const all = await s.deliveries();
    return all.length === 4 && all;
  });
  expect(told.map(({ outcome, attempt }) => [outcome, attempt])).toEqual([
    ["retrying", 1],
    ["retrying", 2],
    ["retrying", 3],
    ["delivered", 4],
  ]);
});

test("what was not delivered before a restart is delivered after it, and a torn last line is no harm", async () => {
  const statePath = path.join(mkdtempSync(path.join(tmpdir(), "latchkey-")), "deep", "stripe.ndjson");
  const s = await shop(["payment_intent.succeeded"], statePath);
  await s.receiver.control({ mode: "fail", path: "/hooks" });
  const paid = await s.pay();
  await until(async () => (await s.received()).length > 0);
  await s.close();
  expect(statSync(statePath).mode & 0o777).toBe(0o600);
  appendFileSync(statePath, '["intents","pi_torn",{"boo');
  await s.receiver.control({ mode: "normal" });

  const after = await stripeWorld(statePath);
  await until(async () => (await s.receiver.log("/hooks")).at(-1)?.answered === 200);
  const last = await lastOf(s.receiver);
  expect(s.stripe.webhooks.constructEvent(last.body, signatureOf(last), s.secret).data.object).toMatchObject({ id: paid.id });
  expect(await after.client().paymentIntents.retrieve(paid.id)).toMatchObject({ status: "succeeded" });
});

test("events can be doubled, lost, delayed and shuffled, and normal ends it", async () => {
  const s = await shop(["payment_intent.succeeded"]);
  expect((await s.control({ mode: "duplicate", times: 5 })).body.active).toMatchObject({ duplicate: 5 });
  await s.pay();
  await until(async () => (await s.received()).length === 5);
  expect(new Set((await s.received()).map(({ id }) => id)).size).toBe(1);

  await s.control({ mode: "normal" });
  await s.control({ mode: "drop", count: 1 });
  const lost = await s.pay();
  const next = await s.pay();
  await until(async () => (await s.received()).length === 6);
  expect((await s.received()).at(-1)?.data.object).toMatchObject({ id: next.id });
  const dropped = (await s.deliveries()).find(({ outcome }) => outcome === "dropped");
  const stored = (await s.stripe.events.list({ type: "payment_intent.succeeded" })).data.find(
    ({ id }) => id === dropped?.event_id,
  );
  expect(stored?.data.object).toMatchObject({ id: lost.id });
  expect((await s.control({ mode: "resend", event_id: stored?.id })).status).toBe(200);
  await until(async () => (await s.received()).length === 7);
  expect((await s.received()).at(-1)?.id).toBe(stored?.id);

  await fetch(`${s.receiver.url}/_log`, { method: "DELETE" });
  await s.control({ mode: "shuffle", window: 12 });
  const order: string[] = [];
  for (let n = 0; n < 12; n += 1) order.push((await s.pay()).id);
  await until(async () => (await s.received()).length === 12);
  const arrived = (await s.received()).map(({ data }) => subjectOf(data));
  expect(arrived).not.toEqual(order);
  expect(new Set(arrived)).toEqual(new Set(order));

  await s.control({ mode: "delay", ms: 50 });
  expect((await s.control({ mode: "normal" })).body.active).toMatchObject({ duplicate: 1, delay_ms: 0, drop: 0, shuffle: 0 });
});

test("a shuffled event is not held for ever when its window does not fill", async () => {
  const s = await shop(["payment_intent.succeeded"]);
  await s.control({ mode: "shuffle", window: 50 });
  await s.pay();
  await until(async () => (await s.received()).length === 1);
});

test("forged webhooks fail the client's check; a late one is signed rightly and only old", async () => {
  const s = await shop();
  const { id } = await s.stripe.paymentIntents.create(order);
  await until(async () => (await s.received()).length === 1);
  const last = () => lastOf(s.receiver);
  const check = async (secret = s.secret) => {
    const entry = await last();
    return s.stripe.webhooks.constructEvent(entry.body, signatureOf(entry), secret);
  };

  const forged = await s.control({ mode: "forge" });
  expect(forged.body.result).toMatchObject({ sent: [{ endpoint: s.endpoint.id, status: 200 }] });
  expect(JSON.parse((await last()).body)).toMatchObject({
    type: "payment_intent.succeeded",
    data: { object: { id, status: "succeeded" } },
  });
  await expect(check()).rejects.toThrow("No signatures found matching");

  await s.control({ mode: "forge", age_s: 301 });
  await expect(check()).rejects.toThrow("Timestamp outside the tolerance zone");
  await s.control({ mode: "forge", age_s: -301 });
  const [, future] = /t=(\d+)/.exec(signatureOf(await last())) ?? [];
  expect(Number(future)).toBeGreaterThan(Date.now() / 1000 + 295);

  await s.control({
    mode: "forge",
    secret: "whsec_other",
    payload: { id: "evt_mine", object: "event" },
    endpoint: s.endpoint.id,
  });
  expect((await check("whsec_other")).id).toBe("evt_mine");
  expect((await s.control({ mode: "forge", endpoint: "we_none" })).status).toBe(400);
  expect(await s.stripe.paymentIntents.retrieve(id)).toMatchObject({ status: "requires_payment_method" });
});
