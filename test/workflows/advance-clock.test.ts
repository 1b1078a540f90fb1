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
