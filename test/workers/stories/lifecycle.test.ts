import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { purge } from "#db/purge";
import { newId } from "#kernel/ids";
import { timePart } from "#rules/ids";
import type { RelayEvent } from "../../../worker-host/edge/routes.ts";
import { startFor } from "../../../worker-host/relay/starts.ts";
import { asSandbox, does, make, player, type Player } from "../document/fresh.ts";
import { asHost } from "../events/host.ts";
import { operatorKey, send, upTo } from "../world.ts";

const MINUTE = 60_000;
beforeEach(() => env.DB_00.prepare("update lifecycle_runs set state = 'done', ended_at = 1 where ended_at is null").run());

const ask = async (key?: string) => send("POST", "/v1/lifecycle/run", undefined, { key: key ?? (await operatorKey()) });
const shown = async (id: string) => (await send("GET", `/v1/lifecycle/runs/${id}`, undefined, { key: await operatorKey() })).body;
const claim = async () =>
  (await asHost("/internal/lifecycle/claim", { shard: "00" })).body["run"] as { id: string; lease: number } | null;
const tell = async (run: { id: string; lease: number }, told: Record<string, unknown> = {}) => {
  const body = { shard: "00", run_id: run.id, lease: run.lease, state: "running", looked: 0, found: [], error: null, ...told };
  return (await asHost("/internal/lifecycle/tell", body)).body["lease"] as number | null;
};

/** What is under way at a player and demands a story, read in pages of two. */
async function due({ tenantId, sandboxId }: Player): Promise<string[]> {
  const starts: RelayEvent[] = [];
  let after: unknown = null;
  do {
    const { body } = await asHost("/internal/lifecycle/due", { shard: "00", after, limit: 2 });
    starts.push(...body["starts"]);
    after = body["next"];
  } while (after !== null);
  const ours = starts.filter(({ tenant_id }) => [tenantId, sandboxId].includes(tenant_id));
  return ours.map((event) => startFor(event)?.workflowId ?? event.type);
}

/** As if the player's facts had been told that long ago, and the relay had carried them on. */
async function toldBefore({ tenantId, sandboxId }: Player, minutes: number, dispatchedAt: number | null = 1): Promise<void> {
  const made = timePart(new Date(Date.now() - minutes * MINUTE));
  await env.DB_00.prepare(
    "update events set id = 'evt_00' || ?1 || substr(id, -16), dispatched_at = ?2 where tenant_id in (?3, ?4)",
  )
    .bind(made, dispatchedAt, tenantId, sandboxId)
    .run();
}

/** An order that waits for its licenses, an operation under way, a clock on its way, and an endpoint that a story tries. */
async function underWay(p: Player) {
  const [order, operation, clock] = [await make(p, "order"), await make(p, "operation"), await make(p, "test_clock")];
  const advance = { by: "P1M" };
  await does(p, "POST", `/v1/orders/${order.id}/approve`);
  await does(asSandbox(p), "POST", `/v1/test_clocks/${clock.id}/advance`, advance);
  const endpoint = await make(p, "webhook_endpoint");
  await env.DB_00.batch([
    env.DB_00.prepare(
      "insert into webhook_queues (tenant_id, endpoint_id, failures, recovering_since, probe_at) values (?, ?, 10, 1, ?)",
    ).bind(p.tenantId, endpoint.id, Date.now() - 11 * MINUTE),
    // as the pump tells it when it leaves an endpoint to a story
    env.DB_00.prepare(
      `insert into events (tenant_id, seq, id, type, subject_type, subject_id, actor_type, data, at)
       select ?1, max(seq) + 1, ?2, 'webhook_endpoint.failing', 'webhook_endpoint', ?3, 'system', '{}', 1 from events where tenant_id = ?1`,
    ).bind(p.tenantId, newId("event", "00", new Date()), endpoint.id),
  ]);
  return { order: order.id, operation: operation.id, endpoint: endpoint.id };
}

test("what is under way is listed with the fact that began its story, page by page, and nothing else", async () => {
  const p = await player();
  const { order, operation, endpoint } = await underWay(p);
  await make(p, "order");
  expect(await due(p), "the relay may be bringing them").toEqual([]);
  await toldBefore(p, 6, null);
  expect(await due(p), "the relay has not carried them on").toEqual([]);
  await toldBefore(p, 6);
  expect(await due(p)).toEqual([
    `order/${order}`,
    `operation/${operation}`,
    expect.stringMatching(`^endpoint/${endpoint}/[0-9]+$`),
    expect.stringMatching(`^clock/${p.sandboxId}/[0-9]+$`),
  ]);
  await env.DB_00.prepare("update webhook_queues set probe_at = ? where endpoint_id = ?")
    .bind(Date.now() - MINUTE, endpoint)
    .run();
  await does(p, "POST", `/v1/operations/${operation}/cancel`);
  await env.DB_00.prepare("update orders set status = 'fulfilled' where id = ?").bind(order).run();
  await env.DB_00.prepare("update test_clocks set status = 'ready' where tenant_id = ?").bind(p.sandboxId).run();
  expect(await due(p), "all of it is done, or is tried in time").toEqual([]);
});

test("a tenant that was closed has no work that demands a story", async () => {
  const p = await player();
  await underWay(p);
  await toldBefore(p, 6);
  expect(await due(p)).toHaveLength(4);
  await env.DB_00.prepare("update tenants set closed_at = 1 where id in (?, ?)").bind(p.tenantId, p.sandboxId).run();
  expect(await due(p)).toEqual([]);
});

test("a sweep that an operator asked for is made by one host, which tells how far it has come", async () => {
  const asked = await ask();
  expect(asked).toMatchObject({ status: 202, body: { object: "lifecycle_run", state: "waiting", looked: 0, found: [] } });
  expect(await ask()).toMatchObject({ status: 409, body: { code: "lifecycle_running" } });
  const [one, two] = await Promise.all([claim(), claim()]);
  expect([one, two].filter((run) => run !== null)).toEqual([expect.objectContaining({ id: asked.body["id"] })]);
  const run = (one ?? two)!;

  const found = (n: number) => ({ workflow_id: `order/${n}`, kind: "fulfill_order", was: "missing" });
  const lease = await tell(run, { looked: 90, found: upTo(70).map(found) });
  expect(await shown(run.id)).toMatchObject({ state: "running", looked: 90, started: 70, ended_at: null });
  expect(await tell({ ...run, lease: run.lease - 1 }, { looked: 5 }), "not as it was leased last").toBeNull();
  expect(await tell({ ...run, lease: lease! }, { state: "done", looked: 180, found: upTo(70).map(found) })).toBeNull();
  const done = await shown(run.id);
  expect(done).toMatchObject({ state: "done", looked: 180, started: 140, error: null, ended_at: expect.any(String) });
  expect(done["found"]).toHaveLength(100);
  expect(await ask()).toMatchObject({ status: 202 });
});

test("one is made by itself where none was for an hour, and one whose host is gone is made by another, for an hour at most", async () => {
  await env.DB_00.prepare("delete from lifecycle_runs").run();
  const first = await claim();
  expect(first).not.toBeNull();
  await tell(first!, { state: "done" });
  expect(await claim(), "not twice in an hour").toBeNull();
  await env.DB_00.prepare("delete from lifecycle_runs").run();

  const left = (await claim())!;
  await tell(left, { looked: 7 });
  expect(await claim()).toBeNull();
  const leaseIsOver = () => env.DB_00.prepare("update lifecycle_runs set lease_until = 1 where id = ?").bind(left.id).run();
  await leaseIsOver();
  expect(await claim()).toMatchObject({ id: left.id });
  expect(await shown(left.id)).toMatchObject({ looked: 0, state: "running" });
  await leaseIsOver();
  await env.DB_00.prepare("update lifecycle_runs set created_at = ? where id = ?")
    .bind(Date.now() - 61 * MINUTE, left.id)
    .run();
  expect((await claim())?.id).not.toBe(left.id);
  expect(await shown(left.id)).toMatchObject({ state: "failed", error: expect.stringContaining("an hour") });
});

test("sweeps are an operator's, and old ones go", async () => {
  const p = await player();
  expect(await ask(p.secret)).toMatchObject({ status: 403 });
  const { body } = await ask();
  await env.DB_00.prepare("update lifecycle_runs set state = 'done', ended_at = 1 where id = ?").bind(body["id"]).run();
  expect((await purge(env.DB_00, new Date())).lifecycle_runs).toBeGreaterThan(0);
  expect(await shown(body["id"])).toMatchObject({ status: 404, code: "lifecycle_run_not_found" });
});
