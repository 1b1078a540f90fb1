import { Client, type WorkflowExecutionStatusName } from "@temporalio/client";
import { NativeConnection } from "@temporalio/worker";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openEdge } from "../../worker-host/edge/client.ts";
import { edgeRoutes } from "../../worker-host/edge/routes.ts";
import { runSweeps, sweptStories, type SweptStories } from "../../worker-host/stories/sweep.ts";
import { registerSearchAttributes } from "../../worker-host/temporal/search-attributes.ts";
import { quietRuntime } from "../workflows/engine.ts";
import { edgeStandIn, until, type EdgeStandIn } from "./edge-stand-in.ts";
import { keptLog } from "./log-lines.ts";
import { devServer, freePort, newFolder, type Running } from "./processes.ts";

let temporal: Running;
let connection: NativeConnection;
let client: Client;
let stories: SweptStories;
beforeAll(async () => {
  quietRuntime();
  const port = await freePort();
  temporal = await devServer({ port, folder: newFolder() });
  connection = await NativeConnection.connect({ address: `127.0.0.1:${port}` });
  await registerSearchAttributes(connection, "default", keptLog().log);
  client = new Client({ connection });
  // nobody works there: what is started stays as it is
  stories = sweptStories({ client, connection, taskQueue: "nobody-works-here" }, 0);
});
afterAll(async () => {
  await connection.close();
  await temporal.stop();
});

let edge: EdgeStandIn;
let hosts: (() => Promise<void>)[] = [];
beforeEach(async () => {
  edge = await edgeStandIn({ leaseMs: 1_000 });
});
afterEach(async () => {
  await Promise.all(hosts.map((end) => end()));
  hosts = [];
  await edge.close();
});

/** A host that sweeps. */
function host(seen: Partial<SweptStories> = {}) {
  const ending = new AbortController();
  const found: string[] = [];
  const { log, events } = keptLog();
  const parts = { shard: "00", edge: edgeRoutes(openEdge(edge)), stories: { ...stories, ...seen }, log, askEveryMs: 20 };
  const running = runSweeps({ ...parts, onFound: (kind) => void found.push(kind) }, ending.signal);
  hosts.push(async () => {
    ending.abort(new Error("stopping"));
    await running;
  });
  return { found, said: events };
}

/** An order that waits for its licenses, and whose fact the relay carried on long ago. */
function order(): string {
  const id = edge.order(1);
  edge.underWay.push(edge.event({ type: "order.fulfillment_requested", subject: { type: "order", id } }));
  return `order/${id}`;
}
const start = (workflowId: string) => client.workflow.start("fulfillOrder", { taskQueue: "nobody-works-here", workflowId });
const stateOf = async (workflowId: string): Promise<WorkflowExecutionStatusName> =>
  (await client.workflow.getHandle(workflowId).describe()).status.name;

test("starts what is missing or was ended, on every page, and leaves alone what is at work", async () => {
  const [missing, healthy, terminated] = [order(), order(), order()];
  await start(healthy);
  const ended = await start(terminated);
  await ended.terminate("by hand");
  const before = await client.workflow.getHandle(healthy).describe();
  const { found } = host();
  const run = edge.sweep();
  await until("the sweep is done", () => run.state === "done");
  expect(run.looked).toBe(3);
  expect(new Set(run.found)).toEqual(
    new Set([
      { workflow_id: missing, kind: "fulfill_order", was: "missing" },
      { workflow_id: terminated, kind: "fulfill_order", was: "terminated" },
    ]),
  );
  expect(found).toEqual(["fulfill_order", "fulfill_order"]);
  expect([await stateOf(missing), await stateOf(terminated)]).toEqual(["RUNNING", "RUNNING"]);
  expect(await client.workflow.getHandle(healthy).describe()).toMatchObject({ runId: before.runId });

  const again = edge.sweep();
  await until("so is the next one", () => again.state === "done");
  expect(again).toMatchObject({ looked: 3, found: [] });
});

test("a story that ended after its work was looked at is not begun again: it may have done it", async () => {
  const id = order();
  const story = await start(id);
  const listDueWork = edgeRoutes(openEdge(edge)).listDueWork;
  const ending = new AbortController();
  const lateEnd = async (...page: Parameters<typeof listDueWork>) => {
    const found = await listDueWork(...page);
    await story.terminate("by hand");
    return found;
  };
  const { log } = keptLog();
  const parts = { shard: "00", edge: { ...edgeRoutes(openEdge(edge)), listDueWork: lateEnd }, stories, log, askEveryMs: 20 };
  const running = runSweeps({ ...parts, onFound: () => undefined }, ending.signal);
  const run = edge.sweep();
  await until("the sweep is done", () => run.state === "done");
  ending.abort(new Error("stopping"));
  await running;
  expect(run.found).toEqual([]);
  expect(await stateOf(id)).toBe("TERMINATED");
});

test("of two hosts one makes a sweep, and nothing is started twice", async () => {
  const ids = [order(), order(), order()];
  const [one, two] = [host(), host()];
  const run = edge.sweep();
  await until("the sweep is done", () => run.state === "done");
  expect(run.found).toHaveLength(3);
  expect([...one.found, ...two.found]).toHaveLength(3);
  expect(await Promise.all(ids.map(stateOf))).toEqual(["RUNNING", "RUNNING", "RUNNING"]);
});

test("a host that dies, or cannot reach Temporal, leaves its sweep to another, which goes on where stories are missing", async () => {
  const ids = [order(), order(), order()];
  let started = 0;
  const dies = host({
    start: async (story) => {
      if (started === 1) throw new Error("Temporal is away.");
      started++;
      await stories.start(story);
    },
  });
  const run = edge.sweep();
  await until("the first is interrupted", () => dies.said().includes("sweep_interrupted"));
  await hosts.pop()?.();
  const { found } = host();
  await until("the second has made it", () => run.state === "done");
  expect(started + found.length).toBe(3);
  expect(await Promise.all(ids.map(stateOf))).toEqual(["RUNNING", "RUNNING", "RUNNING"]);
});
