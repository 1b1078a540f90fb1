import { Client } from "@temporalio/client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { backoffMs, isSaid } from "../../worker-host/backoff.ts";
import { readConfig } from "../../worker-host/config.ts";
import { openEdge } from "../../worker-host/edge/client.ts";
import { edgeRoutes } from "../../worker-host/edge/routes.ts";
import { runRelay } from "../../worker-host/relay/relay.ts";
import { storyStarter, type StartStory } from "../../worker-host/relay/start-story.ts";
import { rememberingStarts } from "../../worker-host/relay/started.ts";
import { startFor } from "../../worker-host/relay/starts.ts";
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
    commands: { carryOut: () => Promise.resolve() },
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

  test("starts one story a month for all that a tenant releases in it", async () => {
    const { client, end } = await relay();
    for (const n of [1, 2, 3]) edge.event({ type: "activation.released", subject: { type: "activation", id: `act_00${n}` } });
    await until("all events are done", allDone);
    const { type, searchAttributes } = await client.workflow.getHandle("archive/ten_00a/2026-11").describe();
    expect([type, searchAttributes]).toMatchObject([
      "archiveActivations",
      { Kind: ["archive_activations"], SubjectId: ["ten_00a"] },
    ]);
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

describe("what many events call for", () => {
  const event = (tenant_id: string, at: string, type = "activation.released") => {
    const subject = { type: "activation", id: "act_001" };
    return { tenant_id, seq: 1, id: "evt_001", type, subject, at, clock: { livemode: true } };
  };
  const starting = (remembered: number) => {
    const asked: string[] = [];
    let isAway = false;
    const start: StartStory = async ({ workflowId }) => {
      asked.push(workflowId);
      if (isAway) throw new Error("out of reach");
    };
    const remembering = rememberingStarts(start, remembered);
    const told = async (...told: Parameters<typeof event>) => {
      const story = startFor(event(...told));
      if (story) await remembering(story);
    };
    return { asked, told, away: (away: boolean) => void (isAway = away) };
  };

  test("is started once as long as the host remembers it, which is longest what it was asked for last", async () => {
    const { asked, told } = starting(2);
    for (const tenant of ["ten_1", "ten_1", "ten_2", "ten_1", "ten_3", "ten_1", "ten_2"])
      await told(tenant, "2026-11-30T23:59:59.999Z");
    expect(asked).toEqual(["ten_1", "ten_2", "ten_3", "ten_2"].map((tenant) => `archive/${tenant}/2026-11`));
    await told("ten_2", "2026-12-01T00:00:00.000Z");
    expect(asked.at(-1)).toBe("archive/ten_2/2026-12");
  });

  test("is asked for again when it is not known to be started; and what one event calls for is always asked for", async () => {
    const { asked, told, away } = starting(2);
    away(true);
    await expect(told("ten_1", "2026-11-01T00:00:00.000Z")).rejects.toThrow("out of reach");
    away(false);
    for (const type of ["activation.released", "activation.released", "operation.created", "operation.created"])
      await told("ten_1", "2026-11-01T00:00:00.000Z", type);
    expect(asked).toHaveLength(4);
  });
});
