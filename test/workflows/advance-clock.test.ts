import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { edgeStandIn, until } from "../host/edge-stand-in.ts";
import { devServer, freePort, newFolder, type Running } from "../host/processes.ts";

const DAY_MS = 86_400_000;
/** A month is enough to tell one order from another; a year goes the same way and takes twelve times as long. */
const DAYS = 30;
const START = Date.parse("2027-01-01T00:00:00.000Z");
/** How many days each story waits again and again. */
const STORIES = { a: 1, b: 10, c: 10 };
const instantsOf = (days: number) =>
  Array.from({ length: Math.floor(DAYS / days) }, (_, n) => new Date(START + (n + 1) * days * DAY_MS).toISOString());

let worker: ChildProcess | undefined;
let port: number;
let temporal: Running;
let connection: Connection;
let client: Client;
beforeAll(async () => {
  port = await freePort();
  temporal = await devServer({ port, folder: newFolder() });
  connection = await Connection.connect({ address: `127.0.0.1:${port}` });
  client = new Client({ connection });
}, 60_000);
afterAll(async () => {
  worker?.kill("SIGKILL");
  await connection.close();
  await temporal.stop();
});

/** A worker with the stories that wait and those that move clocks, as a process of its own; it says when it runs. */
async function workerProcess(edgeUrl: string, secret: string): Promise<ChildProcess> {
  const file = path.join(import.meta.dirname, "clock-worker.ts");
  const child = fork(file, {
    env: { ...process.env, EDGE_URL: edgeUrl, EDGE_SECRET: secret, PORT: String(port) },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ended = once(child, "exit").then(() => Promise.reject(new Error("The worker ended before it ran")));
  await Promise.race([once(child, "message"), ended]);
  // one that is killed later is none that did not begin
  ended.catch(() => undefined);
  return child;
}

/** A month of three stories that wait for days; what they registered, in order. `kills`: how often the worker dies on the way. */
async function aMonth(kills: number) {
  const edge = await edgeStandIn();
  worker = await workerProcess(edge.url.origin, edge.secretText);
  const options = { taskQueue: "clocks", workflowTaskTimeout: "2 seconds" as const };
  edge.state.sandboxNow = START;
  const clock = { tenantId: "ten_00test", livemode: false };
  for (const [name, days] of Object.entries(STORIES)) {
    const [workflowId, instants] = [`wait/${name}`, instantsOf(days)];
    // the same ids again: what wakes in which order depends on them
    await client.workflow.start("waitForInstants", { ...options, workflowId, args: [clock, instants] });
    await until("it waits for its first day", () => edge.wakeups.has(workflowId));
  }
  edge.registered.splice(0);

  edge.state.target = START + DAYS * DAY_MS;
  const args = [{ tenantId: clock.tenantId, clockId: "clk_00a", behind: 0 }];
  const advance = await client.workflow.start("advanceClock", { ...options, workflowId: "clock/ten_00test/1", args });
  for (let kill = 1; kill <= kills; kill++) {
    const day = Math.floor((kill * DAYS) / (kills + 1));
    await until(`day ${day} has come`, () => (edge.state.sandboxNow ?? 0) >= START + day * DAY_MS, 60_000);
    worker.kill("SIGKILL");
    worker = await workerProcess(edge.url.origin, edge.secretText);
  }
  expect(await advance.result()).toBe("ready");
  for (const [name, days] of Object.entries(STORIES))
    expect(await client.workflow.getHandle(`wait/${name}`).result()).toEqual(instantsOf(days).map(() => "reached"));
  expect(edge.wakeups.size).toBe(0);
  worker.kill("SIGKILL");
  // a registration whose answer was lost is made again, and says the same
  const log = edge.registered.map(({ workflowId, at }) => `${workflowId} ${at}`);
  await edge.close();
  return [...new Set(log)];
}

test("a month of stories that wait for days goes the same way twice, also when the worker dies on the way", async () => {
  const first = await aMonth(0);
  const second = await aMonth(2);
  // each tells what it waits for next when the one before has come; those of one instant by their ids
  const golden = Object.entries(STORIES)
    .flatMap(([name, days]) => instantsOf(days).map((at, n, all) => ({ name, at, next: all[n + 1] })))
    .sort((a, b) => (`${a.at} ${a.name}` < `${b.at} ${b.name}` ? -1 : 1))
    .flatMap(({ name, next }) => (next === undefined ? [] : [`wait/${name} ${next}`]));
  expect(first).toEqual(golden);
  expect(second).toEqual(golden);
}, 240_000);

/** Twelve months in which seats were released, each with the story that the first of them started. */
const YEAR = Array.from({ length: 12 }, (_, n) => new Date(Date.UTC(2027, n)).toISOString().slice(0, 7));

test("a clock that is advanced by a year archives what is old enough by then, month by month", async () => {
  const edge = await edgeStandIn();
  worker = await workerProcess(edge.url.origin, edge.secretText);
  const options = { taskQueue: "clocks", workflowTaskTimeout: "2 seconds" as const };
  edge.state.sandboxNow = START;
  for (const month of YEAR) {
    const workflowId = `archive/ten_00test/${month}`;
    edge.released.set(month, 3);
    await client.workflow.start("archiveActivations", {
      ...options,
      workflowId,
      args: [{ tenantId: "ten_00test", month, livemode: false }],
    });
    await until("it waits", () => edge.wakeups.has(workflowId));
  }
  // of this one the story is looked for, and it is at rest
  const { seq } = edge.event({
    tenant_id: "ten_00test",
    type: "activation.released",
    subject: { type: "activation", id: "act_001" },
  });
  for (const event of edge.events) event.done ||= event.seq === seq;
  edge.state.target = Date.parse("2028-01-01T00:00:00.000Z");
  const args = [{ tenantId: "ten_00test", clockId: "clk_00a", behind: 0 }];
  const advance = await client.workflow.start("advanceClock", { ...options, workflowId: "clock/ten_00test/2", args });
  expect(await advance.result()).toBe("ready");
  // ninety days after the end of September the year is over, all but three days
  const old = YEAR.slice(0, 9);
  for (const month of old) expect(await client.workflow.getHandle(`archive/ten_00test/${month}`).result()).toBe("archived");
  expect(edge.state.archived).toBe(3 * old.length);
  expect([...edge.released].filter(([, left]) => left > 0).map(([month]) => month)).toEqual(YEAR.slice(9));
  expect([...edge.wakeups.keys()].toSorted()).toEqual(YEAR.slice(9).map((month) => `archive/ten_00test/${month}`));
  worker.kill("SIGKILL");
  await edge.close();
}, 120_000);
