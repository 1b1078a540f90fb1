import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { commit } from "#db/commit";
import { purge } from "#db/purge";
import type { TenantId } from "#db/tenant-id";
import { askingIn } from "#kernel/asking";
import { fact } from "#kernel/facts";
import { asHost } from "../events/host.ts";
import { upTo, world, type World } from "../world.ts";
import type { Delivery } from "../../../worker-host/edge/routes.ts";
import { answered, claim, emptyQueue, endpoint, failed, result, type Result } from "./pump.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How many a second an endpoint gets that was away, and so in how long one of them. */
const PER_S = 20;

beforeEach(async () => {
  await emptyQueue();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.parse("2026-11-02T08:00:00.000Z") });
});
afterEach(() => void vi.useRealTimers());

/** The fourth part of what happens, for an endpoint that takes one at a time. */
const RARE = "product.archived";

/** So many facts of a tenant, committed as every change commits them. */
async function happen(w: World, count: number): Promise<void> {
  const now = new Date();
  const asked = { env, executionCtx: createExecutionContext(), var: { realNow: now, requestId: "req_tests" } };
  const actor = { type: "system" as const, id: null, ip: null };
  const asking = { ...askingIn(asked, env.DB_00, "00"), tenantId: w.tenant.id as TenantId, now, actor, intent: null };
  const facts = upTo(count).map((n) => fact(n % 4 === 0 ? RARE : "product.updated", { object: "product", id: "prod_00week" }));
  await commit(asking, [], { facts, answer: [200, null] });
}

type Arrival = { id: string; seq: number; at: number };

/** A receiver with several endpoints, and whether it is there. */
function receiver() {
  const arrived = new Map<string, Arrival[]>();
  const state = { isUp: false };
  return {
    state,
    arrivedAt: (endpointId: string) => arrived.get(endpointId) ?? [],
    take: (delivery: Delivery): Result => {
      if (!state.isUp) return result(delivery, failed("connect"));
      const id = String(delivery.headers["webhook-id"]);
      const { seq } = JSON.parse(delivery.body) as { seq: number };
      arrived.set(delivery.endpoint_id, [...(arrived.get(delivery.endpoint_id) ?? []), { id, seq, at: Date.now() }]);
      return result(delivery, answered(204));
    },
  };
}

type Receiver = ReturnType<typeof receiver>;

/** The pump of the shard: sends what is due, and where it is told to waits for what is due later, until nothing is. */
async function pump(to: Receiver, { waits }: { waits: boolean }): Promise<void> {
  for (let results: Result[] = []; ;) {
    const { deliveries, next_at } = await claim({ results });
    results = deliveries.map(to.take);
    if (deliveries.length === 0 && (!waits || next_at === null)) return;
    if (waits) vi.setSystemTime(Math.max(next_at === null ? 0 : Date.parse(next_at), Date.now() + 1));
  }
}

/** One turn of the story of an endpoint that recovers. */
async function probe(w: World, id: string, probes: number, to: Receiver): Promise<string> {
  const ask = async (told: Result | null) =>
    (await asHost("/internal/webhook_endpoints/probe", { tenant_id: w.tenant.id, endpoint_id: id, probes, result: told }))
      .body as {
      state: string;
      delivery: Delivery | null;
    };
  const tried = await ask(null);
  return tried.delivery ? (await ask(to.take(tried.delivery))).state : tried.state;
}

const shown = async (w: World, id: string) => (await w.get(`/v1/webhook_endpoints/${id}`)).body;

/** The most that arrived within a second. */
const mostInASecond = (arrivals: readonly Arrival[]) =>
  Math.max(...arrivals.map(({ at }) => arrivals.filter((each) => each.at >= at && each.at < at + 1_000).length));

test("a receiver that is down for a week gets every event of it once, in order where it wants that, and no faster than it can take", async () => {
  const w = await world();
  const inOrder = await endpoint(w, { fifo: true, events: [RARE] });
  const sideBySide = await endpoint(w);
  const to = receiver();
  const began = Date.now();
  const probes = new Map<string, number>();

  // a turn every twelve hours: what should have been tried in between is tried late, which is no matter to an endpoint that is away
  for (let hours = 0; hours < 7 * 24; hours += 12) {
    vi.setSystemTime(began + hours * HOUR_MS);
    await happen(w, hours === 0 ? 44 : 12);
    await pump(to, { waits: false });
    for (const { id } of [inOrder, sideBySide]) {
      const { state } = (await shown(w, id))["sending"];
      if (state !== "recovering") continue;
      const count = probes.get(id) ?? 0;
      probes.set(id, count + 1);
      await probe(w, id, count, to);
    }
    if (hours === 6 * 24) await purge(env.DB_00, new Date());
  }
  for (const { id } of [inOrder, sideBySide]) {
    const { disabled_at, disabled_reason } = await shown(w, id);
    expect(disabled_reason).toBe("failing");
    expect(Date.parse(disabled_at) - began).toBeGreaterThanOrEqual(5 * DAY_MS);
    expect(to.arrivedAt(id)).toEqual([]);
  }

  vi.setSystemTime(began + 7 * DAY_MS);
  to.state.isUp = true;
  for (const { id } of [inOrder, sideBySide]) expect((await w.post(`/v1/webhook_endpoints/${id}/enable`)).status).toBe(200);
  await pump(to, { waits: true });

  const { results: told } = await env.DB_00.prepare(
    "select id, seq, type from events where tenant_id = ? and subject_id = 'prod_00week' order by seq",
  )
    .bind(w.tenant.id)
    .all<{ id: string; seq: number; type: string }>();
  expect(told).toHaveLength(200);
  const rare = told.filter(({ type }) => type === RARE);
  const [ordered, others] = [to.arrivedAt(inOrder.id), to.arrivedAt(sideBySide.id)];
  expect(ordered.map(({ id }) => id)).toEqual(rare.map(({ id }) => id));
  expect(others.map(({ id }) => id).sort()).toEqual(told.map(({ id }) => id).sort());
  // of those that are sent side by side none is far from its place
  const places = others.map(({ seq }, place) => Math.abs(told.findIndex((each) => each.seq === seq) - place));
  expect(Math.max(...places)).toBeLessThan(10);
  for (const arrivals of [ordered, others]) expect(mostInASecond(arrivals)).toBeLessThanOrEqual(PER_S + PER_S / 4);
});
