import { env } from "cloudflare:workers";
import { createPublicKey, verify } from "node:crypto";
import { beforeEach, expect, test } from "vitest";
import { Webhook } from "standardwebhooks";
import type { Asking } from "#db/commit";
import { asTenantId } from "#db/tenant-id";
import { deliveriesOf } from "#db/webhooks/deliveries";
import { webhookEndpointsOf } from "#db/webhooks/endpoints";
import { purgeDeliveries } from "#db/webhooks/purge";
import { keepWithin, leaseDue, readLeased, recordAttempts, unrecorded } from "#db/webhooks/pump";
import { newId } from "#kernel/ids";
import type { Delivery } from "../../../worker-host/edge/routes.ts";
import { asHost } from "../events/host.ts";
import { upTo, world, type World } from "../world.ts";
import { allIsDue, answered, asleep, claim, emptyQueue, endpoint, failed, leasesRunOut, product, result } from "./pump.ts";

/** A claim that waits is given 20 s: a test that is over by then was woken. */
const SHORTER_THAN_ITS_WAIT_MS = 15_000;

beforeEach(emptyQueue);

const shown = async (w: World, { delivery_id }: Pick<Delivery, "delivery_id">) =>
  (await w.get(`/v1/deliveries/${delivery_id}`)).body;

/** One delivery, claimed. */
async function claimed(w: World): Promise<Delivery> {
  const { id } = await endpoint(w);
  await product(w);
  const delivery = (await claim()).deliveries.find(({ endpoint_id }) => endpoint_id === id);
  if (!delivery) throw new Error("nothing was claimed");
  return delivery;
}

test("a delivery comes complete: signed as Standard Webhooks says, and telling the event as it stands in the list", async () => {
  const w = await world();
  const made = await endpoint(w);
  const id = await product(w);
  const [event] = (await w.get(`/v1/events?subject_id=${id}`)).body["data"];
  const { deliveries } = await claim();

  expect(deliveries).toEqual([
    {
      tenant_id: w.tenant.id,
      delivery_id: expect.stringMatching(/^del_00[0-9a-z]{26}$/),
      endpoint_id: made.id,
      in_order: false,
      event_id: event.id,
      attempt: 1,
      url: made["url"],
      headers: {
        "content-type": "application/json",
        "user-agent": "Latchkey-Webhooks/1",
        "webhook-id": event.id,
        "webhook-timestamp": expect.stringMatching(/^\d{10}$/),
        "webhook-signature": expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}= v1a,[A-Za-z0-9+/]{86}==$/),
      },
      body: expect.any(String),
    },
  ]);
  const { body, headers } = deliveries[0]!;
  expect(new Webhook(made.secret).verify(body, headers)).toEqual({
    type: "product.created",
    timestamp: event.created_at,
    id: event.id,
    seq: event.seq,
    livemode: true,
    api_version: "v1",
    data: event.data,
    subject: event.subject,
    request_id: event.request_id,
  });
  const other = await endpoint(w);
  expect(() => new Webhook(other.secret).verify(body, headers)).toThrow();
  expect(() => new Webhook(made.secret).verify(body.replace("P", "Q"), headers)).toThrow();
});

test("a sandbox's deliveries say that they are no live ones", async () => {
  const w = await world();
  await endpoint(w, {}, w.keys.testSecret);
  await product(w, w.keys.testSecret);
  const { deliveries } = await claim();
  expect(deliveries).toHaveLength(1);
  expect(JSON.parse(deliveries[0]!.body)).toMatchObject({ livemode: false });
  expect(deliveries[0]!.tenant_id).toBe(w.tenant.sandbox_id);
});

test("while secrets overlap both sign; afterwards, and after a leak, the new one alone", async () => {
  const w = await world();
  const { id, secret } = await endpoint(w);
  const verifies = (key: string, { body, headers }: Delivery) => {
    try {
      return Boolean(new Webhook(key).verify(body, headers));
    } catch {
      return false;
    }
  };
  const next = async () => {
    await product(w);
    const [delivery] = (await claim()).deliveries;
    return delivery!;
  };
  const second = (await w.post(`/v1/webhook_endpoints/${id}/rotate_secret`, { overlap_s: 3_600 })).body;
  const both = await next();
  expect([secret, second["secret"]].map((key) => verifies(key, both))).toEqual([true, true]);

  await env.DB_00.prepare("update webhook_endpoints set previous_secret_until = 1 where id = ?").bind(id).run();
  const later = await next();
  expect([secret, second["secret"]].map((key) => verifies(key, later))).toEqual([false, true]);

  const third = (await w.post(`/v1/webhook_endpoints/${id}/rotate_secret`, { overlap_s: 0 })).body;
  expect(third["previous_secret_until"]).toBeNull();
  const leaked = await next();
  expect([secret, second["secret"], third["secret"]].map((key) => verifies(key, leaked))).toEqual([false, false, true]);

  // a day, when nothing is said
  const fourth = (await w.post(`/v1/webhook_endpoints/${id}/rotate_secret`)).body;
  expect(Date.parse(fourth["previous_secret_until"]) - Date.now()).toBeGreaterThan(86_300_000);
  for (const overlap_s of [-1, 86_401, 1.5]) {
    expect((await w.post(`/v1/webhook_endpoints/${id}/rotate_secret`, { overlap_s })).status).toBe(400);
  }
});

/** A tenant's own access to its rows, as a request has it. */
const asking = (w: World): Asking => ({
  d1: env.DB_00,
  tenantId: asTenantId(w.tenant.id),
  shard: "00",
  now: new Date(),
  realNow: new Date(),
  requestId: null,
  actor: { type: "system", id: null, ip: null },
  intent: null,
  newId: (noun, at) => newId(noun, "00", at),
  ring: () => undefined,
});

/** How many of a delivery's `v1a` signatures are by the holder of a `whpk_` key; the other end's own words, not ours. */
function signaturesBy(publicKey: string, { body, headers }: Delivery): number {
  const raw = Buffer.from(publicKey.replace(/^whpk_/, ""), "base64");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") }, format: "jwk" });
  const signed = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`);
  const signatures = headers["webhook-signature"]!.split(" ").filter((each) => each.startsWith("v1a,"));
  return signatures.filter((each) => verify(null, signed, key, Buffer.from(each.slice("v1a,".length), "base64"))).length;
}

/** The next thing that an endpoint hears of. */
async function heardNext(w: World): Promise<Delivery> {
  await product(w);
  const [delivery] = (await claim()).deliveries;
  return delivery!;
}

test("who holds no secret verifies by the endpoint's public key, and while keys overlap by either of the two", async () => {
  const w = await world();
  const first = await endpoint(w);
  const path = `/v1/webhook_endpoints/${first.id}`;
  const publicKey = first["public_key"] as string;
  expect(publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
  expect((await w.get(path)).body["public_key"]).toBe(publicKey);
  const delivery = await heardNext(w);
  expect(signaturesBy(publicKey, delivery)).toBe(1);
  expect(signaturesBy(publicKey, { ...delivery, body: delivery.body.replace("P", "Q") })).toBe(0);

  const second = (await w.post(`${path}/rotate_secret`, { overlap_s: 3_600 })).body;
  const both = await heardNext(w);
  expect([publicKey, second["public_key"]].map((key) => signaturesBy(key, both))).toEqual([1, 1]);
  expect(both.headers["webhook-signature"]).toMatch(/^v1,\S+ v1,\S+ v1a,\S+ v1a,\S+$/);
  for (const secret of [first.secret, second["secret"]])
    expect(() => new Webhook(secret).verify(both.body, both.headers)).not.toThrow();

  const third = (await w.post(`${path}/rotate_secret`, { overlap_s: 0 })).body;
  const leaked = await heardNext(w);
  expect([publicKey, second["public_key"], third["public_key"]].map((key) => signaturesBy(key, leaked))).toEqual([0, 0, 1]);
});

test("an endpoint from before there were key pairs gets one with the first that is sent, once, however many send", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  await env.DB_00.prepare("update webhook_endpoints set signing_key = null, public_key = null where id = ?").bind(id).run();
  expect((await w.get(`/v1/webhook_endpoints/${id}`)).body).toMatchObject({ public_key: null });
  for (const _ of upTo(4)) await product(w);
  const claims = await Promise.all(upTo(4).map(() => claim({ limit: 1 })));
  const { public_key } = (await w.get(`/v1/webhook_endpoints/${id}`)).body;
  const sent = claims.flatMap(({ deliveries }) => deliveries);
  expect(sent.map((each) => signaturesBy(public_key, each))).toEqual([1, 1, 1, 1]);
});

test("a change that was read before an endpoint got its key pair does not take it away again", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  await env.DB_00.prepare("update webhook_endpoints set signing_key = null, public_key = null where id = ?").bind(id).run();
  await product(w);
  const repo = webhookEndpointsOf(asking(w));
  const before = await repo.byId(id);
  const delivery = (await claim()).deliveries[0]!;
  expect(await repo.update({ ...before!, description: "late" }, { facts: [], answer: [200, null] })).toBeUndefined();
  const { public_key } = (await w.get(`/v1/webhook_endpoints/${id}`)).body;
  expect(signaturesBy(public_key, delivery)).toBe(1);
});

test("pumps that claim at once never get the same delivery, and together get all of them", async () => {
  const w = await world();
  for (const _ of upTo(4)) await endpoint(w);
  for (const _ of upTo(5)) await product(w);
  const claims = await Promise.all(upTo(6).map(() => claim({ limit: 4 })));
  const got = claims.flatMap(({ deliveries }) => deliveries.map(({ delivery_id }) => delivery_id));
  expect(got).toHaveLength(20);
  expect(new Set(got).size).toBe(20);
});

test("a pump that follows one that died gets at once what that one had claimed, and then nothing twice", async () => {
  const w = await world();
  await endpoint(w);
  for (const _ of upTo(3)) await product(w);
  const died = (await claim()).deliveries;
  expect((await claim()).deliveries).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 2)); // it is some time before anybody knows that it died
  const follows = await claim({ takes_over: "now" });
  const told = (deliveries: typeof died) => deliveries.map(({ event_id, attempt }) => [event_id, attempt]);
  expect(told(follows.deliveries)).toEqual(told(died));
  expect((await claim({ takes_over: follows.claimed_at })).deliveries).toEqual([]);
  // what both of them sent counts once
  await claim({ limit: 0, results: follows.deliveries.map((each) => result(each, answered(200))) });
  await claim({ limit: 0, results: died.map((each) => result(each, failed())) });
  expect((await claim({ takes_over: follows.claimed_at })).deliveries).toEqual([]);
});

test("a pump that takes over does not wait: what others lease meanwhile is not the dead one's", async () => {
  await expect(claim({ takes_over: "now", wait_ms: 1 })).rejects.toThrow(/wait_ms/);
  await claim({ takes_over: "now" });
});

test("what a pump took and did not report comes again when its lease runs out, with the same id, bytes and number", async () => {
  const w = await world();
  const first = await claimed(w);
  expect((await claim()).deliveries).toEqual([]);
  await leasesRunOut();
  const [again] = (await claim()).deliveries;
  expect({ ...again, headers: null }).toEqual({ ...first, headers: null });
  expect(again!.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
});

test("a result counts once, however often and by whomever it is told", async () => {
  const w = await world();
  const delivery = await claimed(w);
  const told = result(delivery, answered(500, { body: "broken" }));
  await Promise.all(upTo(5).map(() => claim({ results: [told, told], limit: 0 })));
  await claim({ results: [result(delivery, answered(200))], limit: 0 }); // the same attempt, told otherwise by another host
  const after = await shown(w, delivery);
  expect(after).toMatchObject({ state: "pending", attempts_count: 1, last_status: 500, last_error: null });
  expect(after["attempts"]).toMatchObject([
    { object: "attempt", id: expect.stringMatching(/^att_00/), number: 1, status: 500, answer: "broken", duration_ms: 12 },
  ]);
});

test("a stale result beside a fresh one of the same delivery takes nothing from it", async () => {
  const w = await world();
  const first = await claimed(w);
  await claim({ results: [result(first, answered(500))], limit: 0 });
  await allIsDue();
  const [second] = (await claim()).deliveries;
  await claim({ results: [result(second!, answered(200)), result(first, answered(500))], limit: 0 });
  expect(await shown(w, first)).toMatchObject({ state: "succeeded", attempts_count: 2, last_status: 200 });
});

test("the database itself refuses an attempt that is no news, whoever judged it before", async () => {
  const w = await world();
  const { tenant_id: tenantId, delivery_id: id } = await claimed(w);
  const went = { at: 1, durationMs: 1, status: 500, error: null, detail: null, answer: "", nextAt: 1 };
  const row = (attempt: number, state: "pending" | "succeeded") => ({
    ...went,
    tenantId,
    id,
    attempt,
    attemptId: `att_${crypto.randomUUID()}`,
    state,
    endedAt: state === "pending" ? null : 1,
  });
  expect(await recordAttempts(env.DB_00, [row(1, "pending")])).toEqual([{ tenantId, id, attempt: 1 }]);
  expect(await recordAttempts(env.DB_00, [row(1, "succeeded"), row(3, "succeeded")])).toEqual([]);
  expect(await shown(w, { delivery_id: id })).toMatchObject({ state: "pending", attempts_count: 1, attempts: [{ number: 1 }] });
});

test("success ends a delivery, and it is never claimed again", async () => {
  const w = await world();
  const delivery = await claimed(w);
  await claim({ results: [result(delivery, answered(204))], limit: 0 });
  expect(await shown(w, delivery)).toMatchObject({
    state: "succeeded",
    attempts_count: 1,
    next_attempt_at: null,
    ended_at: expect.any(String),
  });
  await allIsDue();
  expect((await claim()).deliveries).toEqual([]);
});

test("a redirect, an error and silence are tried again on schedule, with the same bytes, until the attempts are used up", async () => {
  const w = await world();
  const delivery = await claimed(w);
  const outcomes = [answered(302), failed("dns"), ...upTo(8).map(() => answered(503))];
  let next = delivery;
  for (const [i, outcome] of outcomes.entries()) {
    expect(next).toMatchObject({
      delivery_id: delivery.delivery_id,
      attempt: i + 1,
      body: delivery.body,
      event_id: delivery.event_id,
    });
    const told = await claim({ results: [result(next, outcome)], limit: 200 });
    expect(told.deliveries).toEqual([]);
    if (i === outcomes.length - 1) break;
    expect(told.next_at).toBe((await shown(w, delivery))["next_attempt_at"]);
    await allIsDue();
    next = (await claim()).deliveries[0]!;
  }
  const ended = await shown(w, delivery);
  expect(ended).toMatchObject({ state: "exhausted", attempts_count: 10, last_status: 503, next_attempt_at: null });
  expect(ended["attempts"].map(({ number }: { number: number }) => number)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  expect(ended["attempts"][8]).toMatchObject({ status: null, error: "dns", detail: "no answer within 15 s", answer: null });
  await allIsDue();
  expect((await claim()).deliveries).toEqual([]);
});

test("a receiver's Retry-After is waited for, and the tenant decides how often is tried", async () => {
  const w = await world();
  await env.DB_00.prepare("update tenants set settings = json_set(settings, '$.webhooks.max_attempts', 2) where id = ?")
    .bind(w.tenant.id)
    .run();
  const delivery = await claimed(w);
  await claim({ results: [result(delivery, answered(429, { retry_after_s: 7_200 }))], limit: 0 });
  const waits = await shown(w, delivery);
  expect(Date.parse(waits["next_attempt_at"]) - Date.now()).toBeGreaterThan(7_100_000);
  await allIsDue();
  const [second] = (await claim()).deliveries;
  await claim({ results: [result(second!, answered(429))], limit: 0 });
  expect(await shown(w, delivery)).toMatchObject({ state: "exhausted", attempts_count: 2 });
});

test(
  "410 disables the endpoint, once and told; its deliveries wait until it is enabled",
  { timeout: SHORTER_THAN_ITS_WAIT_MS },
  async () => {
    const w = await world();
    const { id } = await endpoint(w);
    for (const _ of upTo(3)) await product(w);
    const { deliveries } = await claim();
    expect(deliveries).toHaveLength(3);
    const gone = deliveries.slice(0, 2).map((delivery) => result(delivery, answered(410)));
    expect((await claim({ results: gone })).deliveries).toEqual([]);
    await claim({ results: [result(deliveries[2]!, answered(410))], limit: 0 }); // was under way then; says nothing new
    expect((await w.get(`/v1/webhook_endpoints/${id}`)).body).toMatchObject({
      disabled_at: expect.any(String),
      disabled_reason: "gone",
    });
    const told = (await w.get("/v1/events?type=webhook_endpoint.disabled")).body["data"];
    expect(told).toMatchObject([
      { actor: { type: "system" }, subject: { id }, data: { previous: { disabled_at: null, disabled_reason: null } } },
    ]);

    const meanwhile = await product(w); // what happens meanwhile waits as well
    await leasesRunOut();
    await allIsDue();
    expect((await claim()).deliveries).toEqual([]);
    expect((await w.post(`/v1/webhook_endpoints/${id}/test`)).body).toMatchObject({
      status: 409,
      code: "webhook_endpoint_disabled",
    });
    expect((await w.post(`/v1/deliveries/${deliveries[0]!.delivery_id}/resend`)).body).toMatchObject({
      status: 409,
      code: "webhook_endpoint_disabled",
    });

    const waiting = await asleep();
    expect((await w.post(`/v1/webhook_endpoints/${id}/enable`)).body).toMatchObject({ disabled_at: null, disabled_reason: null });
    const got = (await waiting.answer).deliveries;
    expect(got.map(({ delivery_id }) => delivery_id)).toEqual(
      expect.arrayContaining(deliveries.map(({ delivery_id }) => delivery_id)),
    );
    expect(got.map(({ body }) => (JSON.parse(body) as { subject: { id: string } }).subject.id)).toContain(meanwhile);

    // the old 410, told again, does not disable it again; enabling what is enabled changes nothing
    await claim({ results: gone, limit: 0 });
    expect((await w.get(`/v1/webhook_endpoints/${id}`)).body["disabled_at"]).toBeNull();
    const events = (await w.get("/v1/events")).text;
    expect((await w.post(`/v1/webhook_endpoints/${id}/enable`)).status).toBe(200);
    expect((await w.get("/v1/events")).text).toBe(events);
  },
);

test("a deleted endpoint is sent nothing more, and what was on its way is canceled", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  await product(w);
  await product(w);
  const under = (await claim({ limit: 1 })).deliveries[0]!;
  await w.delete(`/v1/webhook_endpoints/${id}`);
  await leasesRunOut();
  expect((await claim()).deliveries).toEqual([]);
  await claim({ results: [result(under, answered(200))], limit: 0 });
  expect(await shown(w, under)).toMatchObject({ state: "canceled", attempts_count: 0, ended_at: expect.any(String) });
  expect((await w.post(`/v1/deliveries/${under.delivery_id}/resend`)).body).toMatchObject({
    status: 409,
    code: "webhook_endpoint_deleted",
  });
  expect((await w.get(`/v1/webhook_endpoints/${id}/deliveries`)).status).toBe(404);
  const row = await env.DB_00.prepare("select secret, previous_secret from webhook_endpoints where id = ?").bind(id).first();
  expect(row).toEqual({ secret: "", previous_secret: null });
});

test("an endpoint that hangs holds ten deliveries and no more, and others go past it", async () => {
  const w = await world();
  const hanging = await endpoint(w);
  for (const _ of upTo(25)) await product(w);
  expect((await claim()).deliveries).toHaveLength(10);
  expect((await claim()).deliveries).toEqual([]);
  const quick = await endpoint(w);
  await product(w);
  expect((await claim()).deliveries.map(({ endpoint_id }) => endpoint_id)).toEqual([quick.id]);
  // as places become free the queue moves on, the oldest first
  const rows = await env.DB_00.prepare(
    "select id from deliveries where endpoint_id = ? and lease_until > 1 order by event_seq limit 2",
  )
    .bind(hanging.id)
    .all<{ id: string }>();
  const done = rows.results.map(({ id }) => ({ tenant_id: w.tenant.id, delivery_id: id, attempt: 1, outcome: answered(200) }));
  const freed = (await claim({ results: done })).deliveries;
  const seqs = await env.DB_00.prepare("select event_seq as seq from deliveries where endpoint_id = ? order by event_seq")
    .bind(hanging.id)
    .all<{ seq: number }>();
  expect(freed.map(({ body }) => JSON.parse(body).seq).sort((a, b) => a - b)).toEqual(
    seqs.results.slice(10, 12).map(({ seq }) => seq),
  );
});

test("a tenant with many endpoints neither comes before others nor takes the whole pump", async () => {
  const [many, one] = [await world(), await world()];
  for (const _ of upTo(12)) await endpoint(many);
  for (const _ of upTo(10)) await product(many);
  await endpoint(one);
  await product(one);
  await product(one);
  // four places: two tenants' turns alternate although the first one's deliveries are all older
  const first = (await claim({ limit: 4 })).deliveries;
  expect(first.filter(({ tenant_id }) => tenant_id === one.tenant.id)).toHaveLength(2);
  expect(new Set(first.map(({ endpoint_id }) => endpoint_id)).size).toBe(3);
  const rest = (await claim()).deliveries;
  expect(first.length + rest.length).toBe(102);
});

test(
  "a waiting pump is woken by a new delivery, and by one that becomes due",
  { timeout: SHORTER_THAN_ITS_WAIT_MS },
  async () => {
    const w = await world();
    const delivery = await claimed(w);
    const waiting = await asleep();
    await product(w);
    const [fresh] = (await waiting.answer).deliveries;
    expect(fresh!.delivery_id).not.toBe(delivery.delivery_id);

    await claim({ results: [result(fresh!, answered(200)), result(delivery, answered(500))], limit: 0 });
    await env.DB_00.prepare("update deliveries set next_at = ? where id = ?")
      .bind(Date.now() + 300, delivery.delivery_id)
      .run();
    const due = await claim({ wait_ms: 20_000 });
    expect(due.deliveries).toMatchObject([{ delivery_id: delivery.delivery_id, attempt: 2 }]);
  },
);

test("a pump that waits in vain gets an empty answer", async () => {
  expect(await claim({ wait_ms: 50 })).toMatchObject({ deliveries: [], next_at: null });
});

test(
  "what ended is sent again on request with the same id and bytes, in a new round of attempts",
  { timeout: SHORTER_THAN_ITS_WAIT_MS },
  async () => {
    const w = await world();
    await env.DB_00.prepare("update tenants set settings = json_set(settings, '$.webhooks.max_attempts', 1) where id = ?")
      .bind(w.tenant.id)
      .run();
    const delivery = await claimed(w);
    await claim({ results: [result(delivery, failed())], limit: 0 });
    expect(await shown(w, delivery)).toMatchObject({ state: "exhausted" });

    await env.DB_00.prepare("update tenants set settings = json_set(settings, '$.webhooks.max_attempts', 2) where id = ?")
      .bind(w.tenant.id)
      .run();
    const waiting = await asleep();
    const resent = await w.post(`/v1/deliveries/${delivery.delivery_id}/resend`);
    expect(resent).toMatchObject({
      status: 202,
      body: { state: "pending", ended_at: null, next_attempt_at: expect.any(String) },
    });
    expect((await w.get("/v1/events?type=delivery.resent")).body["data"]).toMatchObject([
      { subject: { type: "delivery", id: delivery.delivery_id } },
    ]);
    const [second] = (await waiting.answer).deliveries;
    expect(second).toMatchObject({ attempt: 2, body: delivery.body, event_id: delivery.event_id });
    await claim({ results: [result(second!, failed())], limit: 0 });
    expect(await shown(w, delivery)).toMatchObject({ state: "pending", attempts_count: 2 }); // the first of two in this round
    await allIsDue();
    const [third] = (await claim()).deliveries;
    await claim({ results: [result(third!, answered(200))], limit: 0 });
    expect(await shown(w, delivery)).toMatchObject({ state: "succeeded", attempts_count: 3 });
  },
);

test("resending what waits tries it now; what is being sent is left alone; of racers one is told", async () => {
  const w = await world();
  const delivery = await claimed(w);
  expect((await w.post(`/v1/deliveries/${delivery.delivery_id}/resend`)).status).toBe(202);
  expect((await w.get("/v1/events?type=delivery.resent")).body["data"]).toEqual([]);
  expect((await claim()).deliveries).toEqual([]);

  await claim({ results: [result(delivery, failed())], limit: 0 });
  const waits = await shown(w, delivery);
  const resent = await w.post(`/v1/deliveries/${delivery.delivery_id}/resend`);
  expect(Date.parse(resent.body["next_attempt_at"])).toBeLessThan(Date.parse(waits["next_attempt_at"]));
  const [second] = (await claim()).deliveries;
  await claim({ results: [result(second!, answered(200))], limit: 0 });

  const answers = await Promise.all(
    upTo(5).map(() => w.post(`/v1/deliveries/${delivery.delivery_id}/resend`, undefined, { idempotencyKey: "again" })),
  );
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect((await w.get("/v1/events?type=delivery.resent")).body["data"]).toHaveLength(2);
  expect((await claim()).deliveries).toHaveLength(1);
});

test("a resend that was judged before a claim, and comes after it, leaves alone what the pump has just taken", async () => {
  const w = await world();
  const delivery = await claimed(w);
  await claim({ results: [result(delivery, failed())], limit: 0 });
  await allIsDue();
  const now = new Date();
  const rows = deliveriesOf(asking(w));
  const before = await rows.byId(delivery.delivery_id);
  expect((await claim()).deliveries).toHaveLength(1);
  expect(await rows.resend(before!, { resentAfter: 0, nextAt: now }, { facts: [], answer: [202, null] })).toBeUndefined();
  expect((await claim()).deliveries).toEqual([]);
});

test("an endpoint whose secret does not open is told so in its log, and holds up nobody", async () => {
  const w = await world();
  const broken = await endpoint(w);
  const whole = await endpoint(w);
  await product(w);
  await env.DB_00.prepare(
    "update webhook_endpoints set secret = (select secret from webhook_endpoints where id = ?) where id = ?",
  )
    .bind(whole.id, broken.id)
    .run();
  expect((await claim()).deliveries.map(({ endpoint_id }) => endpoint_id)).toEqual([whole.id]);
  const [log] = (await w.get(`/v1/webhook_endpoints/${broken.id}/deliveries`)).body["data"];
  expect(log).toMatchObject({ state: "pending", attempts_count: 1, last_error: "unsignable" });
});

test("a closed tenant's deliveries are not sent", async () => {
  const w = await world();
  await endpoint(w);
  await product(w);
  await env.DB_00.prepare("update tenants set closed_at = 1 where id = ?").bind(w.tenant.id).run();
  expect((await claim()).deliveries).toEqual([]);
});

test.each([
  ["an unknown shard", { shard: "zz" }],
  ["too high a limit", { limit: 201 }],
  ["too long a wait", { wait_ms: 20_001 }],
  ["an outcome of no kind", { results: [{ tenant_id: "ten_x", delivery_id: "del_x", attempt: 1, outcome: { kind: "lost" } }] }],
  [
    "an attempt before the first",
    { results: [{ tenant_id: "ten_x", delivery_id: "del_x", attempt: 0, outcome: answered(200) }] },
  ],
])("%s is refused", async (_, wrong) => {
  const body = { shard: "00", results: [], limit: 1, wait_ms: 0, ...wrong };
  expect((await asHost("/internal/deliveries/claim", body)).body).toMatchObject({ status: 400, code: "invalid_request" });
});

test("results of deliveries that are not there, or another tenant's, change nothing", async () => {
  const [w, other] = [await world(), await world()];
  const delivery = await claimed(w);
  const strange = [
    result({ ...delivery, tenant_id: other.tenant.id }, answered(200)),
    result({ ...delivery, delivery_id: "del_x" }, answered(410)),
  ];
  await claim({ results: strange, limit: 0 });
  expect(await shown(w, delivery)).toMatchObject({ state: "pending", attempts_count: 0, attempts: [] });
});

test("purging takes what ended long ago with its attempts, and what waits for a disabled endpoint, bounded; the rest stays", async () => {
  const w = await world();
  await env.DB_00.prepare("delete from deliveries").run();
  const [a, b] = [await endpoint(w), await endpoint(w)];
  for (const _ of upTo(3)) await product(w);
  const { deliveries } = await claim();
  const of = (id: string) => deliveries.filter(({ endpoint_id }) => endpoint_id === id);
  await claim({
    results: [...of(a.id).map((delivery) => result(delivery, answered(200))), result(of(b.id)[0]!, answered(410))],
    limit: 0,
  });
  const left = async () => (await env.DB_00.prepare("select count(*) as n from deliveries").first<{ n: number }>())!.n;
  const attempts = async () =>
    (await env.DB_00.prepare("select count(*) as n from attempts where tenant_id = ?").bind(w.tenant.id).first<{ n: number }>())!
      .n;
  expect([await left(), await attempts()]).toEqual([6, 4]);

  expect(await purgeDeliveries(env.DB_00, new Date(Date.now() - 60_000), 100)).toBe(0);
  const later = new Date(Date.now() + 60_000);
  expect(await purgeDeliveries(env.DB_00, later, 2)).toBe(4);
  // two that had arrived, two that had waited longest: what was tried last is left, with its attempt
  expect([await left(), await attempts()]).toEqual([2, 2]);
  await w.post(`/v1/webhook_endpoints/${b.id}/enable`);
  expect(await purgeDeliveries(env.DB_00, later, 100)).toBe(1);
  expect([await left(), await attempts()]).toEqual([1, 1]);
});

test("a claim's cost is the queues' heads, not the length of their backlog", async () => {
  const w = await world();
  for (const _ of upTo(3)) await endpoint(w);
  const rowsRead = async () => {
    await leasesRunOut();
    const spied = watching(env.DB_00);
    const { leased } = await leaseDue(spied.d1, { now: new Date(), limit: 200, leaseMs: 1 });
    expect(leased).toHaveLength(30);
    return spied.rowsRead();
  };
  for (const _ of upTo(11)) await product(w);
  const few = await rowsRead();
  for (const _ of upTo(30)) await product(w);
  expect(await rowsRead()).toBeLessThanOrEqual(few);
});

test("what would make one answer too large is given back at once, and comes with the next claim", async () => {
  const w = await world();
  await endpoint(w);
  for (const _ of upTo(4)) await product(w);
  const { leased } = await leaseDue(env.DB_00, { now: new Date(), limit: 200, leaseMs: 60_000 });
  expect(leased).toHaveLength(4);
  const bytes = (await env.DB_00.prepare(
    "select max(octet_length(data)) as n from events where tenant_id = ? and type = 'product.created'",
  )
    .bind(w.tenant.id)
    .first<{ n: number }>())!.n;

  expect(await keepWithin(env.DB_00, leased, 100 * bytes)).toEqual(leased);
  expect(await keepWithin(env.DB_00, leased, 2 * bytes)).toEqual(leased.slice(0, 2));
  const next = (await claim()).deliveries.map(({ delivery_id }) => delivery_id);
  expect(next.toSorted()).toEqual(
    leased
      .slice(2)
      .map(({ id }) => id)
      .toSorted(),
  );
  expect(await keepWithin(env.DB_00, leased.slice(0, 2), 1)).toEqual(leased.slice(0, 1));
});

test("no query of the pump or of a list scans a table", async () => {
  const spied = watching(env.DB_00);
  const refs = [{ tenantId: "ten_x", id: "del_x", attempt: 1 }];
  await leaseDue(spied.d1, { now: new Date(), limit: 200, leaseMs: 1 });
  await keepWithin(spied.d1, [...refs, ...refs], 1);
  await readLeased(spied.d1, refs);
  await unrecorded(spied.d1, refs);
  await purgeDeliveries(spied.d1, new Date(0), 1);
  expect(spied.statements.length).toBeGreaterThanOrEqual(6);
  for (const sql of spied.statements) {
    const { results } = await env.DB_00.prepare(`explain query plan ${sql.replaceAll(/\?\d*/g, "1")}`).all<{ detail: string }>();
    const scans = results
      .map(({ detail }) => detail)
      .filter((detail) => /^SCAN (deliveries|d|h|n|e|t|events|tenants|webhook_endpoints)\b/.test(detail))
      .filter((detail) => detail !== "SCAN deliveries USING COVERING INDEX deliveries_queue"); // its first row alone
    expect(scans, sql).toEqual([]);
  }
});

/** The real database, keeping what it is asked and counting the rows that its batches read. */
function watching(d1: D1Database) {
  let rows = 0;
  const statements: string[] = [];
  const prepare = (sql: string) => {
    statements.push(sql);
    return d1.prepare(sql);
  };
  const batch = async <T>(list: D1PreparedStatement[]) => {
    const results = await d1.batch<T>(list);
    for (const { meta } of results) rows += meta.rows_read;
    return results;
  };
  return { d1: { prepare, batch } as D1Database, statements, rowsRead: () => rows };
}
