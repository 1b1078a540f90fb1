import { Client } from "@temporalio/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { backoffMs, isSaid } from "../../worker-host/backoff.ts";
import { readConfig } from "../../worker-host/config.ts";
import { openEdge } from "../../worker-host/edge/client.ts";
import { edgeRoutes } from "../../worker-host/edge/routes.ts";
import { runRelay } from "../../worker-host/relay/relay.ts";
import { storyStarter } from "../../worker-host/relay/start-story.ts";
import { connectTemporal } from "../../worker-host/temporal/connect.ts";
import { sdkRuntime } from "../../worker-host/temporal/runtime.ts";
import { registerSearchAttributes } from "../../worker-host/temporal/search-attributes.ts";
import { edgeStandIn, until, type EdgeStandIn } from "./edge-stand-in.ts";
import { keptLog } from "./log-lines.ts";
import { devServer, freePort, newFolder, type Running } from "./processes.ts";
import { quietRuntime } from "../workflows/engine.ts";

const folder = newFolder();
let port: number;
let temporal: Running;
let edge: EdgeStandIn;
const stop = new AbortController();
beforeAll(async () => {
  quietRuntime();
  port = await freePort();
  temporal = await devServer({ port, folder });
});
afterAll(() => temporal.stop());
beforeEach(async () => {
  edge = await edgeStandIn({ leaseMs: 1_000 });
});
afterEach(() => edge.close());

/** A relay over a connection of its own, and the client to look at what it started. */
async function relay({ holdMs = 25_000 } = {}) {
  const kept = keptLog();
  const read = readConfig({
    LATCHKEY_EDGE_URL: edge.url.origin,
    LATCHKEY_INTERNAL_SECRET: edge.secretText,
    TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
  });
  if ("problems" in read) throw new Error("the configuration is wrong");
  const connection = await connectTemporal(read.config.temporal, sdkRuntime(kept.log), kept.log, stop.signal);
  if (!connection) throw new Error("not connected");
  await registerSearchAttributes(connection, "default", kept.log);
  const client = new Client({ connection });
  const start = storyStarter(client, connection, "nobody-works-here");
  const ending = new AbortController();
  let claims = 0;
  const parts = {
    shard: "00",
    edge: edgeRoutes(openEdge(edge)),
    start,
    failpoint: () => undefined,
    log: kept.log,
    onClaim: () => void claims++,
    holdMs,
  };
  const running = runRelay(parts, ending.signal);
  const started = async (id: string): Promise<boolean> =>
    client.workflow
      .getHandle(`order/${id}`)
      .describe()
      .then(
        () => true,
        () => false,
      );
  const end = async (): Promise<void> => {
    ending.abort(new Error("stopping"));
    await running;
    await connection.close();
  };
  return { client, started, end, said: kept.events, claims: () => claims };
}

const requested = (id: string) => edge.event({ type: "order.fulfillment_requested", subject: { type: "order", id } });
const allDone = () => edge.events.every(({ done }) => done);

describe("the relay", () => {
  test("starts the story an event calls for, marks it done, and marks those done that call for none", async () => {
    const { started, end } = await relay();
    const id = edge.order(1);
    edge.event({ type: "order.created", subject: { type: "order", id } });
    edge.event({ type: "constructor", subject: { type: "order", id } }); // no type, but a name every object knows
    requested(id);
    await until("all events are done", allDone);
    expect(await started(id)).toBe(true);
    await end();
  });

  test("counts a story that was started before as started, and claims on", async () => {
    const { client, started, end } = await relay();
    const id = edge.order(1);
    requested(id);
    requested(id);
    await until("both events are done", allDone);
    await client.workflow.getHandle(`order/${id}`).terminate("over");
    requested(id);
    await until("so is the third, though the story has ended", allDone);
    expect(await started(id)).toBe(true);
    await end();
  });

  test("its first claim does not wait, so that everybody knows at once that it works", async () => {
    const { claims, end } = await relay();
    await until("it was answered", () => claims() === 1);
    expect(edge.callsOf("/internal/relay/claim")[0]?.body).toMatchObject({ wait_ms: 0, done: [] });
    await end();
  });

  test("keeps what is done through failing claims, and reports it with the next", async () => {
    const { end, said } = await relay();
    await until("it waits for events", () => edge.callsOf("/internal/relay/claim").length === 2);
    for (const fault of [{ status: 503 }, { status: 401, body: { code: "bad_signature" } }] as const)
      edge.failNext("/internal/relay/claim", fault);
    edge.failNext("/internal/relay/claim", "hang up");
    requested(edge.order(1));
    await until("the event is done", allDone);
    expect(said().filter((event) => event === "relay_cannot_claim")).toHaveLength(3);
    await end();
  });

  test("an event that Temporal refuses stays undone, is said, and holds up no other", async () => {
    const { started, end, said } = await relay();
    const [good, bad] = [edge.order(1), "x".repeat(2_000)]; // an id longer than Temporal takes
    const refused = requested(bad);
    const fine = requested(good);
    await until("the good one is done", () => edge.events.find(({ seq }) => seq === fine.seq)?.done === true);
    expect(await started(good)).toBe(true);
    expect(edge.events.find(({ seq }) => seq === refused.seq)?.done).toBe(false);
    expect(said()).toContain("relay_start_refused");
    await end();
  });

  test("with Temporal killed events stay undone, and all are started when it is back", async () => {
    const { started, end, said, claims } = await relay({ holdMs: 0 });
    await until("it works", () => edge.callsOf("/internal/relay/claim").length > 0);
    await temporal.stop("SIGKILL");
    const ids = Array.from({ length: 20 }, () => edge.order(1));
    for (const id of ids) requested(id);
    await until("it has tried in vain", () => said().includes("relay_cannot_start"));
    const [before, asked] = [claims(), edge.callsOf("/internal/relay/claim").length];
    await until(
      "it has given them up, and claimed them again",
      () => claims() > before && edge.callsOf("/internal/relay/claim").length > asked,
    );
    expect(edge.events.some(({ done }) => done)).toBe(false);

    temporal = await devServer({ port, folder });
    await until("all are done", allDone);
    expect(await Promise.all(ids.map(started))).toEqual(ids.map(() => true));
    await end();
  }, 60_000);
});

test("waiting doubles up to a ceiling, and hosts spread", () => {
  const full = [1, 2, 3, 4, 5, 6, 7, 50].map((failures) => backoffMs(failures, 5_000, () => 0));
  expect(full).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  expect(backoffMs(7, 5_000, () => 0.999)).toBeGreaterThanOrEqual(2_500);
});

test("of a long row of failures fewer and fewer are said", () => {
  expect(Array.from({ length: 100 }, (_, n) => n + 1).filter(isSaid)).toEqual([1, 2, 4, 8, 16, 32, 64]);
});
