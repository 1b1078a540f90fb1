import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { newId } from "#kernel/ids";
import { asHost } from "../events/host.ts";
import { upTo, world, type World } from "../world.ts";
import type { Delivery } from "../../../worker-host/edge/routes.ts";
import { answered, claim, emptyQueue, endpoint, leasesRunOut, product, result } from "./pump.ts";

beforeEach(emptyQueue);

const ALWAYS = { from: "2020-01-01T00:00:00.000Z", to: "2100-01-01T00:00:00.000Z" };

const replay = async (w: World, id: string, body: object = ALWAYS): Promise<string> => {
  const answer = await w.post(`/v1/webhook_endpoints/${id}/replay`, body);
  expect(answer.status, answer.text).toBe(202);
  return answer.body["id"];
};
const step = async (w: World, id: string) =>
  (await asHost("/internal/operations/step", { tenant_id: w.tenant.id, operation_id: id })).body as {
    status: string;
    done: number;
    total: number;
    rest_ms?: number;
  };
const shown = async (w: World, id: string) => (await w.get(`/v1/operations/${id}`)).body;

/** Carries a replay to its end while its endpoint takes everything; the deliveries as they arrived. */
async function received(w: World, id: string): Promise<Delivery[]> {
  const arrived: Delivery[] = [];
  for (let turn = 0; turn < 50; turn++) {
    const { status } = await step(w, id);
    const { deliveries } = await claim();
    arrived.push(...deliveries);
    await claim({ limit: 0, results: deliveries.map((each) => result(each, answered(204))) });
    if (status !== "running" && deliveries.length === 0) return arrived;
  }
  throw new Error("the replay does not end");
}

const seqOf = ({ body }: Delivery) => (JSON.parse(body) as { seq: number }).seq;
const eventsOf = async (w: World, type: string) =>
  (await w.get(`/v1/events?after=0&limit=100&type=${type}`)).body["data"] as { id: string; seq: number; created_at: string }[];

/** So many events that no endpoint has heard of, as if they had happened at an instant. */
async function happened(w: World, count: number, at = new Date()): Promise<void> {
  const ids = upTo(count).map(() => newId("event", "00", at));
  await env.DB_00.prepare(
    `insert into events (tenant_id, seq, id, type, subject_type, subject_id, actor_type, data, at)
     select ?1, (select max(seq) from events where tenant_id = ?1) + key + 1, value, 'product.updated', 'product', 'prod_00', 'system',
       '{"object":{},"previous":null}', ?2 from json_each(?3)`,
  )
    .bind(w.tenant.id, at.getTime(), JSON.stringify(ids))
    .run();
}

test("what an endpoint has not got is sent to it with the same ids and bytes, in the order of events where it wants that; what it has got is left out", async () => {
  const w = await world();
  for (const _ of upTo(3)) await product(w);
  const first = await endpoint(w, { fifo: true });
  await product(w);
  const [live] = (await claim()).deliveries;
  await claim({ limit: 0, results: [result(live!, answered(200))] });

  const id = await replay(w, first.id);
  expect(await shown(w, id)).toMatchObject({ kind: "webhooks.replay", status: "running", progress: { done: 0, total: 4 } });
  const arrived = await received(w, id);
  const events = await eventsOf(w, "product.created");
  expect(arrived.map((each) => each.event_id)).toEqual(events.slice(0, 3).map((event) => event.id));
  expect(arrived.map(seqOf)).toEqual(events.slice(0, 3).map((event) => event.seq));
  expect(arrived[0]!.headers["webhook-id"]).toBe(events[0]!.id);
  expect(await shown(w, id)).toMatchObject({
    status: "succeeded",
    progress: { done: 4, total: 4 },
    result: { succeeded: 3, skipped: 1, failed: 0 },
  });

  // by now it has got all of them, three by a replay; whoever wants them once more says so
  expect(await received(w, await replay(w, first.id))).toEqual([]);
  const again = await received(w, await replay(w, first.id, { ...ALWAYS, only: "all" }));
  expect(again.map((each) => each.event_id)).toEqual(events.map((event) => event.id));
  expect(again.at(-1)!.body).toBe(live!.body);
});

test("a replay is of the span, of the types that are named, and of what the endpoint subscribes to by now", async () => {
  const w = await world();
  for (const _ of upTo(3)) await product(w);
  await happened(w, 2, new Date("2026-03-01T00:00:00.000Z"));
  await w.post("/v1/features", { name: "F", code: "f" });
  const { id } = await endpoint(w, { events: ["product.created", "product.updated", "feature.created"] });
  const types = async (body: object) =>
    (await received(w, await replay(w, id, { ...ALWAYS, only: "all", ...body }))).map(
      ({ body: sent }) => (JSON.parse(sent) as { type: string }).type,
    );

  expect(await types({ from: "2026-03-01T00:00:00.000Z", to: "2026-03-01T00:00:00.001Z" })).toEqual(
    Array.from({ length: 2 }, () => "product.updated"),
  );
  expect(await types({ to: "2026-03-01T00:00:00.000Z" })).toEqual([]);
  expect(await types({ events: ["feature.*"] })).toEqual(["feature.created"]);
  const [first] = await eventsOf(w, "product.created");
  const { subject } = (await w.get(`/v1/events/${first!.id}`)).body;
  const ofProduct = env.DB_00.prepare("update webhook_endpoints set product_ids = ? where id = ?");
  await ofProduct.bind(JSON.stringify([subject.id]), id).run();
  expect((await types({})).sort()).toEqual(["feature.created", "product.created"]);
  await ofProduct.bind(null, id).run();
  const running = await replay(w, id, { ...ALWAYS, only: "all" });
  await w.patch(`/v1/webhook_endpoints/${id}`, { events: ["feature.*"] });
  expect((await received(w, running)).map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual([
    "feature.created",
  ]);
});

test("never more than a hundred of a replay wait, so that what happens meanwhile does not stand behind it", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  await happened(w, 120);
  const operation = await replay(w, id);
  expect(await step(w, operation)).toEqual({
    kind: "webhooks.replay",
    action: null,
    status: "running",
    done: 100,
    total: 120,
  });
  const waits = await step(w, operation);
  expect(waits).toMatchObject({ status: "running", done: 100, rest_ms: 1_000 });
  await product(w);
  const live = (await eventsOf(w, "product.created")).at(-1)!;

  const seen: Delivery[] = [];
  for (let turn = 0; turn < 100 && (await shown(w, operation))["status"] === "running"; turn++) {
    const { deliveries } = await claim();
    seen.push(...deliveries);
    await claim({ limit: 0, results: deliveries.map((each) => result(each, answered(200))) });
    await step(w, operation);
    const { results } = await env.DB_00.prepare("select 1 from deliveries where replay_id = ? and state = 'pending'")
      .bind(operation)
      .all();
    expect(results.length).toBeLessThanOrEqual(100);
  }
  seen.push(...(await received(w, operation)));
  const ids = seen.map((each) => each.event_id);
  expect(ids).toHaveLength(121);
  expect(new Set(ids).size).toBe(121);
  expect(ids.indexOf(live.id)).toBeLessThan(111);
});

test("a step that is done twice at once sends nothing twice", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  await happened(w, 30);
  const operation = await replay(w, id);
  await Promise.all([step(w, operation), step(w, operation), step(w, operation)]);
  expect(await shown(w, operation)).toMatchObject({ status: "succeeded", result: { succeeded: 30, skipped: 0 } });
  const ids = (await received(w, operation)).map((each) => each.event_id);
  expect([ids.length, new Set(ids).size]).toEqual([30, 30]);
});

test("a replay waits with an endpoint that is left alone, and ends with one that is disabled or deleted", async () => {
  const w = await world();
  const [one, other] = [await endpoint(w), await endpoint(w)];
  await happened(w, 150);
  const [first, second] = [await replay(w, one.id), await replay(w, other.id)];
  await step(w, first);
  await step(w, second);
  const probeAt = Date.now() + 30_000;
  await env.DB_00.prepare(
    "insert into webhook_queues (tenant_id, endpoint_id, failures, recovering_since, probe_at) values (?, ?, 10, 1, ?)",
  )
    .bind(w.tenant.id, one.id, probeAt)
    .run();
  const { rest_ms } = await step(w, first);
  expect(rest_ms).toBeGreaterThan(20_000);

  await env.DB_00.prepare("update webhook_endpoints set disabled_at = 1, disabled_reason = 'failing' where id = ?")
    .bind(one.id)
    .run();
  expect(await step(w, first)).toMatchObject({ status: "failed", done: 100 });
  expect((await shown(w, first))["error"]).toContain("disabled");
  await w.delete(`/v1/webhook_endpoints/${other.id}`);
  expect(await step(w, second)).toMatchObject({ status: "failed" });
  await leasesRunOut();
});

test("a replay that is canceled sends no more", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  await happened(w, 150);
  const operation = await replay(w, id);
  await step(w, operation);
  expect((await w.post(`/v1/operations/${operation}/cancel`)).body).toMatchObject({
    status: "canceled",
    result: { succeeded: 100, skipped: 0, failed: 0 },
  });
  expect(await received(w, operation)).toHaveLength(100);
});

test("a span without time, and an endpoint that nothing is sent to, are refused", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  const path = `/v1/webhook_endpoints/${id}/replay`;
  const empty = { from: ALWAYS.from, to: ALWAYS.from };
  expect(await w.post(path, empty)).toMatchObject({ status: 400, body: { code: "replay_range_invalid" } });
  await env.DB_00.prepare("update webhook_endpoints set disabled_at = 1, disabled_reason = 'failing' where id = ?")
    .bind(id)
    .run();
  expect(await w.post(path, ALWAYS)).toMatchObject({ status: 409, body: { code: "webhook_endpoint_disabled" } });
  await w.delete(`/v1/webhook_endpoints/${id}`);
  expect(await w.post(path, ALWAYS)).toMatchObject({ status: 404, body: { code: "webhook_endpoint_not_found" } });
});

test("replays whose steps run side by side send what is missing once", async () => {
  const w = await world();
  for (const _ of upTo(5)) await product(w);
  const { id } = await endpoint(w);
  const replays = [await replay(w, id), await replay(w, id), await replay(w, id)];
  await Promise.all(replays.map((each) => step(w, each)));
  const sent = (await claim()).deliveries.map((each) => each.event_id);
  expect(sent.toSorted()).toEqual((await eventsOf(w, "product.created")).map((event) => event.id).toSorted());
});
