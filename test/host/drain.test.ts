import { MockActivityEnvironment } from "@temporalio/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openEdge } from "../../worker-host/edge/client.ts";
import { edgeRoutes, type DeliveryResult } from "../../worker-host/edge/routes.ts";
import { guardedSend } from "../../worker-host/outbound/send.ts";
import { webhookActivities } from "../../worker-host/webhooks/activities.ts";
import { LeftBehind } from "../../worker-host/webhooks/left-behind.ts";
import { edgeStandIn, until, type EdgeStandIn } from "./edge-stand-in.ts";
import { keptLog } from "./log-lines.ts";
import { receiver, type Receiver } from "./receiver.ts";

const CLAIM = "/internal/deliveries/claim";
let edge: EdgeStandIn;
let endpoint: Receiver;
beforeEach(async () => {
  [edge, endpoint] = await Promise.all([edgeStandIn({ retryMs: 100 }), receiver()]);
});
afterEach(() => Promise.all([edge.close(), endpoint.close()]));

/** One round of the drain activity, as Temporal would run it. */
function round({
  roundMs = 60_000,
  held,
  sendMs = 15_000,
  attempt = 1,
}: { roundMs?: number; held?: unknown; sendMs?: number; attempt?: number } = {}) {
  const { log, events } = keptLog();
  const send = guardedSend({ allowLoopback: true, totalTimeoutMs: sendMs });
  const leftBehind = new LeftBehind();
  const behind = (work: Promise<void>) => leftBehind.add(work);
  const activities = webhookActivities({
    edge: edgeRoutes(openEdge(edge)),
    send,
    failpoint: () => undefined,
    log,
    behind,
    roundMs,
  });
  const environment = new MockActivityEnvironment({ heartbeatDetails: held, attempt });
  const beats: DeliveryResult[][] = [];
  environment.on("heartbeat", (details: DeliveryResult[]) => beats.push(details));
  const finished = environment.run(activities.drainDeliveries, { shard: "00" });
  return { finished, leftBehind, beats, said: events, stop: () => environment.cancel("WORKER_SHUTDOWN") };
}

const isInstant = (told: string | undefined): boolean => told !== undefined && /^\d{4}-/.test(told);
const states = () => edge.deliveries.map(({ state }) => state);

describe("a round of deliveries", () => {
  test("sends each as it was signed, and records how it went", async () => {
    edge.delivery(`${endpoint.url}/a`, '{"id":"evt_001","π":1}');
    edge.delivery(`${endpoint.url}/410`);
    const { finished, stop } = round();
    await until("both are recorded", () => edge.results.length === 2);
    stop();
    expect(await finished).toEqual({ sent: 2, accepted: 1 });
    expect(endpoint.received.map(({ body }) => body)).toContain('{"id":"evt_001","π":1}');
    expect(endpoint.received[0]?.headers).toMatchObject({ "webhook-signature": "v1,c2lnbmVk" });
    const outcomes = edge.results.map(({ outcome }) => `${outcome.kind} ${outcome.status} ${String(outcome["body"])}`);
    expect(new Set(outcomes)).toEqual(new Set(["answered 200 answer 200", "answered 410 answer 410"]));
  });

  test("what a host claimed that died is sent by the next one at once, and by no other", async () => {
    edge.delivery(`${endpoint.url}/a`);
    edge.deliveries[0]!.leasedUntil = Date.now() + 60_000;
    const beside = round();
    await until("another asks", () => edge.callsOf(CLAIM).length > 0);
    const follows = round({ attempt: 2 });
    await until("it is recorded", () => edge.results.length === 1);
    const asked = edge.callsOf(CLAIM).map(({ body }) => (body as { takes_over?: string }).takes_over);
    expect(asked.filter((each) => each !== undefined)).toEqual(["now", ...asked.slice(2).filter(isInstant)]);
    expect(asked.filter(isInstant).length).toBeGreaterThan(0);
    beside.stop();
    follows.stop();
    await Promise.all([beside.finished, follows.finished]);
    expect(endpoint.received).toHaveLength(1);
  });

  test("an endpoint that hangs holds up only itself", async () => {
    edge.delivery(`${endpoint.url}/hang`);
    for (let n = 0; n < 300; n++) edge.delivery(`${endpoint.url}/fine`);
    const { finished, stop } = round({ sendMs: 8_000 });
    await until("all the others are recorded", () => states().filter((state) => state === "succeeded").length === 300);
    expect(edge.results.every(({ outcome }) => outcome.kind === "answered")).toBe(true);
    edge.delivery(`${endpoint.url}/later`);
    await until("so is one that came later", () => states().at(-1) === "succeeded");
    expect(states()[0]).toBe("due");
    stop();
    await finished;
    expect(endpoint.received).toHaveLength(302);
  });

  test("a round ends though an endpoint hangs, and what came of that is recorded all the same", async () => {
    edge.delivery(`${endpoint.url}/hang`);
    const { finished, leftBehind } = round({ roundMs: 50, sendMs: 1_500 });
    await finished;
    expect(states()).toEqual(["due"]);
    expect(edge.results).toEqual([]);
    edge.delivery(`${endpoint.url}/fine`);
    const next = round();
    await until("the next round has sent another", () => states()[1] === "succeeded");
    expect(edge.results).toHaveLength(1);
    await leftBehind.settled(5_000);
    expect(edge.results.map(({ outcome }) => outcome.kind)).toEqual(["answered", "failed"]);
    next.stop();
    await next.finished;
  });

  test("an endpoint that wants order gets one after the other, each recorded before the next is sent, however fast others are", async () => {
    for (let n = 0; n < 40; n++) edge.delivery(`${endpoint.url}/ordered`, undefined, true);
    edge.delivery(`${endpoint.url}/hang`);
    const { finished, stop } = round({ sendMs: 3_000 });
    await until("all of them are recorded", () => states().filter((state) => state === "succeeded").length === 40);
    stop();
    await finished;
    const ordered = endpoint.received
      .filter(({ path }) => path === "/ordered")
      .map(({ headers }) => String(headers["webhook-id"]));
    expect(ordered).toEqual(Array.from({ length: 40 }, (_, n) => `evt_00${n + 1}`));
  });

  test.each([false, true])(
    "and where the edge is lost between two of them (after it recorded: %s), none is left out or overtakes",
    async (after) => {
      await edge.close();
      edge = await edgeStandIn({ leaseMs: 300 });
      const { finished, stop } = round();
      await until("it waits for deliveries", () => edge.callsOf(CLAIM).length === 1);
      for (let n = 0; n < 6; n++) edge.delivery(`${endpoint.url}/ordered`, undefined, true);
      edge.failNext(CLAIM, "hang up", { after });
      await until("all are", () => states().every((state) => state === "succeeded"));
      stop();
      await finished;
      const ids = endpoint.ids();
      expect(ids.filter((id, n) => ids.indexOf(id) === n)).toEqual(Array.from({ length: 6 }, (_, n) => `evt_00${n + 1}`));
    },
  );

  test("one that failed is sent again when it is due, under the same id", async () => {
    edge.delivery(`${endpoint.url}/503`);
    const { finished, stop } = round();
    await until("the attempts are used up", () => states()[0] === "exhausted");
    stop();
    await finished;
    expect(endpoint.ids()).toEqual(Array(5).fill("evt_001"));
    expect(edge.results.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5]);
  });

  test("a target that is not allowed is recorded as blocked, and nothing is sent", async () => {
    edge.delivery("http://169.254.169.254/latest/meta-data");
    const { finished, stop } = round();
    await until("it is recorded", () => edge.results.length > 0);
    stop();
    await finished;
    expect(edge.results[0]?.outcome).toMatchObject({ kind: "failed", error: "blocked" });
  });
});

describe("when the edge falters", () => {
  test.each([
    ["answers 503", { status: 503 } as const, false],
    ["hangs up", "hang up" as const, false],
    ["loses its answer", "hang up" as const, true],
  ])("and %s, everything is still sent and recorded, once", async (_, fault, after) => {
    const { finished, stop } = round();
    await until("it waits for deliveries", () => edge.callsOf(CLAIM).length === 1);
    edge.delivery(`${endpoint.url}/a`); // the claim under way takes it; the one that records it fails
    edge.failNext(CLAIM, fault, { after });
    await until("it is recorded", () => edge.results.length === 1);
    stop();
    await finished;
    expect(endpoint.ids()).toEqual(["evt_001"]);
    expect(edge.results).toHaveLength(1);
  });

  test("and refuses results, the pump goes on: their leases end and they are sent again", async () => {
    await edge.close();
    edge = await edgeStandIn({ leaseMs: 300 });
    const { finished, stop, said } = round();
    await until("it waits for deliveries", () => edge.callsOf(CLAIM).length === 1);
    edge.failNext(CLAIM, { status: 400, body: { code: "invalid" } });
    edge.delivery(`${endpoint.url}/a`);
    await until("it is recorded in the end", () => edge.results.length === 1);
    stop();
    await finished;
    expect(said()).toContain("delivery_results_refused");
    expect(new Set(endpoint.ids())).toEqual(new Set(["evt_001"]));
    expect(endpoint.received.length).toBeGreaterThan(1);
  });
});

describe("when the host stops or dies", () => {
  test("stopping, it records what it has sent and comes to an end", async () => {
    for (let n = 0; n < 20; n++) edge.delivery(`${endpoint.url}/a`);
    const { finished, stop } = round();
    await until("they are sent", () => endpoint.received.length === 20);
    stop();
    expect(await finished).toEqual({ sent: 20, accepted: 20 });
    expect(edge.results).toHaveLength(20);
  });

  test("a round that is over records the last results before it ends", async () => {
    edge.delivery(`${endpoint.url}/a`);
    expect(await round({ roundMs: 100 }).finished).toEqual({ sent: 1, accepted: 1 });
    expect(edge.results).toHaveLength(1);
  });

  test("heartbeats hold what is sent and not recorded, without the answers' text; the next attempt records it and sends nothing", async () => {
    const first = round();
    await until("it waits for deliveries", () => edge.callsOf(CLAIM).length === 1);
    for (let n = 0; n < 50; n++) edge.failNext(CLAIM, { status: 503 });
    edge.delivery(`${endpoint.url}/a`);
    await until("a heartbeat tells of it", () => (first.beats.at(-1) ?? []).length === 1);
    first.stop();
    await first.finished;
    const held = first.beats.at(-1);
    expect(held).toMatchObject([{ delivery_id: "del_001", attempt: 1, outcome: { kind: "answered", status: 200, body: "" } }]);
    expect(edge.results).toEqual([]);

    edge.heal();
    await round({ held, roundMs: 300 }).finished;
    expect(edge.results).toEqual(held);
    expect(endpoint.ids()).toEqual(["evt_001"]);
  });
});
