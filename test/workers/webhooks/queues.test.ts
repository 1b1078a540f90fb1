import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { asHost, carryOnEverything } from "../events/host.ts";
import { upTo, world, type World } from "../world.ts";
import type { Delivery } from "../../../worker-host/edge/routes.ts";
import { allIsDue, answered, claim, emptyQueue, endpoint, failed, leasesRunOut, product, result } from "./pump.ts";

beforeEach(emptyQueue);

/** The id of an endpoint that is as it is wished for. */
async function endpointWith(w: World, columns: Record<string, unknown>): Promise<string> {
  return (await endpoint(w, columns)).id;
}

const eventsOf = async (w: World, id: string) =>
  ((await w.get(`/v1/events?subject_id=${id}&limit=100`)).body["data"] as { type: string }[])
    .map(({ type }) => type)
    .toReversed();
const shown = async (w: World, id: string) => (await w.get(`/v1/webhook_endpoints/${id}`)).body;
const deliveriesOf = async (w: World, id: string) =>
  (await w.get(`/v1/webhook_endpoints/${id}/deliveries?limit=100`)).body["data"] as {
    id: string;
    state: string;
    event_seq: number;
  }[];
const probe = async (w: World, id: string, probes = 0, told: unknown = null) =>
  (await asHost("/internal/webhook_endpoints/probe", { tenant_id: w.tenant.id, endpoint_id: id, probes, result: told })).body as {
    state: string;
    delivery: Delivery | null;
    probe_at: string | null;
  };
/** What the page of metrics says of how long the first of each queue has waited, in seconds. */
const dueAges = async (): Promise<Record<string, number>> => {
  const { body } = await asHost("/internal/metrics", {});
  const { samples } = body["metrics"].find(({ name }: { name: string }) => name === "due_age_seconds");
  return Object.fromEntries(samples.map(({ values, value }: { values: string[]; value: number }) => [values[0], value]));
};
const seqs = (deliveries: readonly Delivery[]) => deliveries.map(({ body }) => (JSON.parse(body) as { seq: number }).seq);

/** Fails whatever is due, until the pump leaves the endpoint alone. */
async function failUntilLeft(w: World, id: string): Promise<void> {
  for (let round = 0; round < 12; round++) {
    await allIsDue();
    const { deliveries } = await claim();
    if (deliveries.length === 0) return;
    await claim({ limit: 0, results: deliveries.map((each) => result(each, failed("connect"))) });
  }
  throw new Error(`the pump did not leave ${id} alone (${w.tenant.id})`);
}

test("an endpoint that wants order gets one delivery at a time, and none overtakes one that failed", async () => {
  const w = await world();
  const id = await endpointWith(w, { fifo: true });
  for (const _ of upTo(3)) await product(w);
  const [first, ...others] = (await claim()).deliveries;
  expect(others).toEqual([]);
  expect(first?.endpoint_id).toBe(id);
  expect((await claim()).deliveries).toEqual([]);

  const next = { tenant_id: w.tenant.id, endpoint_id: id };
  const ask = { limit: 1, in_order: next };
  const [second] = (await claim({ ...ask, results: [result(first!, answered(200))] })).deliveries;
  expect(seqs([second!])[0]).toBe(seqs([first!])[0]! + 1);
  expect((await claim({ ...ask, results: [result(second!, answered(500))] })).deliveries).toEqual([]);
  expect((await claim()).deliveries).toEqual([]);
  await allIsDue();
  const [again] = (await claim()).deliveries;
  expect(again).toMatchObject({ delivery_id: second!.delivery_id, attempt: 2 });
});

test("what is sent again to an endpoint that wants order waits for the one that is under way", async () => {
  const w = await world();
  const id = await endpointWith(w, { fifo: true });
  for (const _ of upTo(2)) await product(w);
  const [first] = (await claim()).deliveries;
  await claim({ limit: 0, results: [result(first!, answered(200))] });
  const [second] = (await claim()).deliveries;
  expect((await w.post(`/v1/deliveries/${first!.delivery_id}/resend`)).status).toBe(202);
  const ask = { limit: 1, in_order: { tenant_id: w.tenant.id, endpoint_id: id } };
  expect([(await claim()).deliveries, (await claim(ask)).deliveries]).toEqual([[], []]);
  const [again] = (await claim({ ...ask, results: [result(second!, answered(200))] })).deliveries;
  expect(again?.delivery_id).toBe(first!.delivery_id);
});

test.each([
  ["block", "pending"],
  ["skip", "exhausted"],
])("one that wants order and does not take a delivery in any attempt: %s", async (on_exhausted, state) => {
  const w = await world();
  const id = await endpointWith(w, { fifo: true, on_exhausted, max_attempts: 1 });
  for (const _ of upTo(2)) await product(w);
  const [first] = (await claim()).deliveries;
  await claim({ limit: 0, results: [result(first!, answered(500))] });
  expect((await deliveriesOf(w, id)).find((each) => each.id === first!.delivery_id)?.state).toBe(state);
  const [next] = (await claim()).deliveries;
  expect(next?.delivery_id === undefined).toBe(on_exhausted === "block");
  expect(next?.delivery_id).not.toBe(first!.delivery_id);
});

test.each([
  ["its own", { rate_per_s: 8 }, { rate_per_s: 400 }],
  ["its tenant's", {}, { rate_per_s: 8 }],
])(
  "an endpoint gets no more than %s rate, whoever claims, and the pump knows when it may go on",
  async (_, columns, webhooks) => {
    const w = await world();
    await w.patch("/v1/settings", { webhooks });
    await endpointWith(w, columns);
    for (const _ of upTo(5)) await product(w);
    const began = Date.now();
    const first = await claim();
    expect(first.deliveries).toHaveLength(2);
    expect((await claim()).deliveries).toEqual([]);
    const waits = await claim();
    expect(Date.parse(waits.next_at!)).toBeGreaterThanOrEqual(began + 250);
    // one that waits is given the next ones as soon as the rate allows
    expect((await claim({ wait_ms: 5_000 })).deliveries).toHaveLength(2);
    expect(Date.now()).toBeGreaterThanOrEqual(began + 250);
  },
);

test("an endpoint that fails ten times in a row is left to a story, and others are delivered to as before", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  for (const _ of upTo(4)) await product(w);
  await failUntilLeft(w, id);
  expect((await eventsOf(w, id)).filter((type) => type === "webhook_endpoint.failing")).toHaveLength(1);
  const healthy = await endpoint(w);
  await product(w);
  expect((await claim()).deliveries.map(({ endpoint_id }) => endpoint_id)).toEqual([healthy.id]);

  const recovering = await shown(w, id);
  expect(recovering["sending"]).toMatchObject({ state: "recovering", next_try_at: expect.any(String) });
  const [{ seq }] = (await w.get(`/v1/events?subject_id=${id}&type=webhook_endpoint.failing`)).body["data"];
  expect(recovering["workflow_id"]).toBe(`endpoint/${id}/${seq}`);
  const { delivery } = await probe(w, id);
  const oldest = Math.min(...(await deliveriesOf(w, id)).map(({ event_seq }) => event_seq));
  expect(seqs([delivery!])).toEqual([oldest]);
  expect((await probe(w, id)).delivery, "one try at a time").toBeNull();
  const waits = await probe(w, id, 0, result(delivery!, failed("connect")));
  expect(waits.state).toBe("recovering");
  expect(Date.parse(waits.probe_at!)).toBeGreaterThan(Date.now() + 25_000);

  const again = await probe(w, id, 1);
  expect(await probe(w, id, 1, result(again.delivery!, answered(204)))).toMatchObject({ state: "recovered" });
  expect(await eventsOf(w, id)).toContain("webhook_endpoint.recovered");
  expect((await shown(w, id))["sending"]).toEqual({ state: "catching_up", failing_since: null, failures: 0, next_try_at: null });
  // what waited goes out in order, as often as it was tried, and slowly: a quarter of a second's worth at a time
  const waited = (await claim()).deliveries.filter(({ endpoint_id }) => endpoint_id === id);
  expect(seqs(waited)).toEqual(seqs(waited).toSorted((a, b) => a - b));
  expect(waited.map(({ attempt }) => attempt > 1)).toEqual([true, true, true, false]);
  expect(await probe(w, id, 2)).toMatchObject({ state: "ended" });
});

test("what was answered with 410 is not due again while its endpoint is being disabled, and comes first once that is enabled", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  await product(w);
  const [first] = (await claim()).deliveries;
  await claim({ limit: 0, results: [result(first!, answered(410))] });
  const due = env.DB_00.prepare("select next_at > ? as later from deliveries where id = ?").bind(
    Date.now() + 30_000,
    first!.delivery_id,
  );
  expect(await due.first("later")).toBe(1);
  await w.post(`/v1/webhook_endpoints/${id}/enable`);
  expect((await claim()).deliveries).toMatchObject([{ delivery_id: first!.delivery_id, attempt: 2 }]);
});

test("an endpoint for which nothing waited has nothing to catch up with", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  await env.DB_00.prepare("update webhook_endpoints set disabled_at = 1, disabled_reason = 'gone' where id = ?").bind(id).run();
  await w.post(`/v1/webhook_endpoints/${id}/enable`);
  expect((await shown(w, id))["sending"]).toMatchObject({ state: "healthy" });
});

test("a success among failures is no row of failures", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  for (const n of upTo(12)) {
    await product(w);
    await allIsDue();
    const [first] = (await claim()).deliveries;
    await claim({ limit: 0, results: [result(first!, n === 5 ? answered(200) : answered(500))] });
    await leasesRunOut();
  }
  expect(await eventsOf(w, id)).not.toContain("webhook_endpoint.failing");
});

test.each([5, 2])(
  "an endpoint to which nothing arrived for %i days is disabled, keeps its queue, and gets all of it once it is enabled",
  async (days) => {
    const w = await world();
    if (days !== 5) await w.patch("/v1/settings", { webhooks: { disable_after_days: days } });
    const id = await endpointWith(w, { max_attempts: 1 });
    await product(w);
    const [used] = (await claim()).deliveries;
    await claim({ limit: 0, results: [result(used!, answered(500))] });
    await product(w);
    await env.DB_00.prepare("update webhook_queues set failing_since = ? where endpoint_id = ?")
      .bind(Date.now() - days * 86_400_000, id)
      .run();
    const [last] = (await claim()).deliveries;
    await claim({ limit: 0, results: [result(last!, failed("timeout"))] });
    expect(await shown(w, id)).toMatchObject({ disabled_reason: "failing", disabled_at: expect.any(String) });
    const missed = await product(w);
    expect((await claim()).deliveries).toEqual([]);

    expect((await w.post(`/v1/webhook_endpoints/${id}/enable`)).status).toBe(200);
    expect(await shown(w, id)).toMatchObject({ disabled_reason: null });
    // what used up its attempts while nothing arrived is tried again, and what happened meanwhile is told
    const { deliveries } = await claim();
    const ids = deliveries.map(({ delivery_id }) => delivery_id);
    expect(ids).toEqual(expect.arrayContaining([used!.delivery_id, last!.delivery_id]));
    expect(deliveries.map(({ body }) => JSON.parse(body).subject.id)).toContain(missed);
  },
);

test("what waited while an endpoint was away keeps its rate until all of it is out, then as much goes as it takes", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  for (const _ of upTo(9)) await product(w);
  await env.DB_00.prepare("update webhook_endpoints set disabled_at = 1, disabled_reason = 'gone' where id = ?").bind(id).run();
  await w.post(`/v1/webhook_endpoints/${id}/enable`);
  const counts: number[] = [];
  for (const _ of upTo(3)) {
    const { deliveries } = await claim({ wait_ms: 5_000 });
    counts.push(deliveries.length);
    await claim({ limit: 0, results: deliveries.map((each) => result(each, answered(200))) });
  }
  expect(counts.reduce((sum, each) => sum + each, 0)).toBe(9);
  expect((await shown(w, id))["sending"]).toMatchObject({ state: "healthy" });
  expect(Math.max(...counts)).toBeLessThanOrEqual(5);
  for (const _ of upTo(9)) await product(w);
  await claim({ wait_ms: 2_000 }).then(({ deliveries }) =>
    claim({ limit: 0, results: deliveries.map((each) => result(each, answered(200))) }),
  );
  for (const _ of upTo(9)) await product(w);
  expect((await claim({ wait_ms: 2_000 })).deliveries.length).toBeGreaterThan(5);
});

test("how long what is due has waited is told of what the pump should have taken, not of what an endpoint holds up itself", async () => {
  const w = await world();
  const dueSince = (endpointId: string, seconds: number) =>
    env.DB_00.prepare("update deliveries set next_at = ? where endpoint_id = ? and state = 'pending'")
      .bind(Date.now() - seconds * 1000, endpointId)
      .run();
  expect((await dueAges())["deliveries"]).toBe(0);
  const held = { paced: await endpoint(w, { rate_per_s: 1 }), disabled: await endpoint(w), recovering: await endpoint(w) };
  const healthy = await endpoint(w);
  await product(w);
  for (const { id } of Object.values(held)) await dueSince(id, 500);
  await env.DB_00.prepare("update webhook_endpoints set disabled_at = 1 where id = ?").bind(held.disabled.id).run();
  await env.DB_00.prepare("insert into webhook_queues (tenant_id, endpoint_id, failures, recovering_since) values (?, ?, 10, 1)")
    .bind(w.tenant.id, held.recovering.id)
    .run();
  await dueSince(healthy.id, 100);
  expect(Math.floor((await dueAges())["deliveries"]! / 10)).toBe(10);
  await claim();
  expect((await dueAges())["deliveries"], "all of it is under way").toBe(0);
});

test("how long the first event and the first mail have waited is told in real time, whatever a sandbox's clock shows", async () => {
  await carryOnEverything();
  await env.DB_00.prepare("update notices set state = 'sent', ended_at = 1 where state = 'pending'").run();
  expect(await dueAges()).toMatchObject({ events: 0, notices: 0 });
  const w = await world();
  await product(w);
  await env.DB_00.prepare("update events set at = 1, lease_until = case seq when 1 then 5 end where tenant_id = ?")
    .bind(w.tenant.id)
    .run();
  const { events } = await dueAges();
  expect(events).toBeGreaterThanOrEqual(0);
  expect(events).toBeLessThan(60);
  await w.post("/v1/mail/test", { to: "owner@world.example" });
  await env.DB_00.prepare("update notices set next_at = ? where tenant_id = ?")
    .bind(Date.now() - 90_000, w.tenant.id)
    .run();
  expect(Math.floor((await dueAges())["notices"]! / 10)).toBe(9);
});

test.each([
  [{ catch_up_per_s: 8 }, 2],
  [{ catch_up_per_s: 40, rate_per_s: 4 }, 1],
])("an endpoint that was away gets what waited as slowly as its tenant says: %j", async (webhooks, most) => {
  const w = await world();
  await w.patch("/v1/settings", { webhooks });
  const { id } = await endpoint(w);
  for (const _ of upTo(4)) await product(w);
  await env.DB_00.prepare("update webhook_endpoints set disabled_at = 1, disabled_reason = 'gone' where id = ?").bind(id).run();
  await w.post(`/v1/webhook_endpoints/${id}/enable`);
  expect((await claim()).deliveries).toHaveLength(most);
  expect((await claim()).deliveries).toEqual([]);
});

test("an endpoint whose recovery is given up is disabled with its queue kept, and one that takes webhooks stays as it is", async () => {
  const w = await world();
  const { id } = await endpoint(w);
  await product(w);
  const giveUp = () => asHost("/internal/webhook_endpoints/give_up", { tenant_id: w.tenant.id, endpoint_id: id });
  expect((await giveUp()).status).toBe(200);
  expect((await shown(w, id))["disabled_at"]).toBeNull();
  for (const _ of upTo(3)) await product(w);
  await failUntilLeft(w, id);
  await giveUp();
  await giveUp();
  expect(await shown(w, id)).toMatchObject({ disabled_reason: "paused", disabled_at: expect.any(String) });
  expect((await eventsOf(w, id)).filter((type) => type === "webhook_endpoint.disabled")).toHaveLength(1);
  expect((await deliveriesOf(w, id)).filter(({ state }) => state === "pending").length).toBeGreaterThan(3);
  expect(await probe(w, id)).toMatchObject({ state: "ended" });
});
