import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { Client, Connection } from "@temporalio/client";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { findTemporal } from "../../tools/temporal.ts";
import { openLog, type LogFields } from "../../worker-host/log.ts";
import { alertRules, metricsIn } from "../laws/alert-rules.ts";
import { edgeStandIn, until, type EdgeStandIn } from "./edge-stand-in.ts";
import { parseExposition } from "./exposition-parser.ts";
import { devServer, freePort, host, newFolder, type Running } from "./processes.ts";
import { receiver, type Receiver } from "./receiver.ts";

// processes start slowly on a busy machine
vi.setConfig({ testTimeout: 180_000 });
const PATIENCE_MS = 100_000;

let edge: EdgeStandIn;
let endpoint: Receiver;
let port: number;
let temporal: Running;
const hosts: Running[] = [];

beforeAll(async () => {
  [edge, endpoint, port] = await Promise.all([edgeStandIn({ leaseMs: 1_000 }), receiver(), freePort()]);
  temporal = await devServer({ port, folder: newFolder() });
});
afterEach(() => Promise.all(hosts.splice(0).map((running) => running.stop())));
afterAll(() => Promise.all([temporal.stop(), edge.close(), endpoint.close()]));

const start = (env: Record<string, string> = {}, temporalPort = port): Running => {
  const running = host(edge, temporalPort, env);
  hosts.push(running);
  return running;
};

const healthOf = (running: Running) => pageOf(running, "/health");
const pageOf = async (running: Running, path: string) => {
  await until("its health page is up", () => running.said("health_served"));
  const line = running.lines.find((text) => text.includes("health_served"));
  const response = await fetch(`http://127.0.0.1:${/"port":(\d+)/.exec(String(line))?.[1]}${path}`);
  return { status: response.status, body: await response.text() };
};

function requestFulfillment(quantity: number): string {
  const id = edge.order(quantity);
  edge.event({ type: "order.fulfillment_requested", subject: { type: "order", id } });
  return id;
}
/** An order whose story somebody terminated before it began: no event tells of it any more. */
async function terminatedOrder(): Promise<string> {
  const id = edge.order(2);
  const fact = edge.event({ type: "order.fulfillment_requested", subject: { type: "order", id } });
  fact.done = true;
  edge.underWay.push(fact);
  const connection = await Connection.connect({ address: `127.0.0.1:${port}` });
  const { workflow } = new Client({ connection });
  const story = await workflow.start("fulfillOrder", { taskQueue: "nobody-works-here", workflowId: `order/${id}` });
  await story.terminate("by hand");
  await connection.close();
  return id;
}

const isFulfilled = (id: string) => edge.orders.get(id)?.status === "fulfilled";

describe("the worker host, as a process", () => {
  test("says one clear line for each variable that is wrong, and exits with 2", async () => {
    const running = start({
      LATCHKEY_EDGE_URL: "",
      LATCHKEY_INTERNAL_SECRET: "guess",
      LATCHKEY_ENV: "production",
      LATCHKEY_ALLOW_LOOPBACK: "false",
    });
    expect(await new Promise((resolve) => running.child.once("exit", resolve))).toBe(2);
    expect(running.lines.map((line) => /"detail":"(\w+ (?:is missing|must))/.exec(line)?.[1])).toEqual([
      "LATCHKEY_EDGE_URL is missing",
      "LATCHKEY_INTERNAL_SECRET must",
    ]);
    expect(running.lines.join("\n")).not.toContain("guess");
  });

  test("fulfills orders and delivers webhooks, says when it is ready and how it is, and stops when told", async () => {
    const readyFile = path.join(newFolder(), "ready");
    const terminated = await terminatedOrder();
    const running = start({ LATCHKEY_READY_FILE: readyFile });
    await until("it is ready", () => running.said("ready"), PATIENCE_MS);
    expect(readFileSync(readyFile, "utf8")).toBe(`${running.child.pid}\n`);

    const id = requestFulfillment(60);
    edge.delivery(`${endpoint.url}/hook`);
    await until("the order is fulfilled", () => isFulfilled(id));
    await until("the webhook is delivered", () => edge.results.length === 1);
    expect(edge.orders.get(id)?.licenses.size).toBe(60);
    await until("a sweep has found the story that was terminated, and it came to its end", () => {
      if (edge.runs.every(({ state }) => state === "done")) edge.sweep();
      return isFulfilled(terminated);
    });

    const health = await healthOf(running);
    expect(health.status).toBe(200);
    expect(JSON.parse(health.body)).toMatchObject({
      status: "ok",
      temporal: "up",
      edge: "up",
      worker: "running",
      relay: [{ shard: "00", up: true }],
    });
    const metrics = parseExposition((await pageOf(running, "/metrics")).body);
    const valueOf = (name: string) => metrics.find((family) => family.name === name)?.lines[0]?.value;
    expect(
      ["latchkey_edge_isolates_seen", "latchkey_host_deliveries_total", "latchkey_host_worker_running"].map(valueOf),
    ).toEqual([2, 1, 1]);
    // what the SDK counts stands beside, in one page that parses as a whole
    const temporal = metrics.filter(({ name }) => name.startsWith("temporal_"));
    expect(temporal.map(({ name }) => name)).toContain("temporal_workflow_completed_total");
    const alerted = alertRules().flatMap(({ expr }) => metricsIn(expr));
    const served = new Set(metrics.map(({ name }) => name));
    expect(alerted.filter((name) => /^(temporal|latchkey_host)_/.test(name) && !served.has(name))).toEqual([]);
    expect(temporal.every(({ name, type }) => type !== "counter" || name.endsWith("_total"))).toBe(true);

    expect(await running.stop("SIGTERM")).toBe(0);
    const warned = running.lines.filter((line) => /"level":"(warn|error)"/.test(line));
    expect(warned.map((line) => /"event":"(\w+)"/.exec(line)?.[1])).toEqual(["story_was_missing", "sweep_found"]);
    expect(running.lines.at(-1)).toContain('"event":"stopped"');
    expect(running.lines.every((line) => line.startsWith("{"))).toBe(true);
  });

  test("starts before Temporal and waits for it, saying so, and stops meanwhile when told", async () => {
    const later = await freePort();
    const [waiting, stopped] = [start({}, later), start({}, later)];
    await until(
      "both say what they wait for",
      () => waiting.said("temporal_unreachable") && stopped.said("temporal_unreachable"),
    );
    expect((await healthOf(waiting)).status).toBe(503);
    expect(await stopped.stop("SIGINT")).toBe(0);
    const server = await devServer({ port: later, folder: newFolder() });
    await until("it is ready", () => waiting.said("ready"), PATIENCE_MS);
    await server.stop();
  });

  test("of a Worker Deployment works once its version is current", async () => {
    const queue = { TEMPORAL_TASK_QUEUE: "versioned", TEMPORAL_DEPLOYMENT: "latchkey" };
    const running = start(queue);
    await until("it is ready", () => running.said("ready"), PATIENCE_MS);
    const buildId = /"build_id":"(\w+)"/.exec(running.lines.join("\n"))?.[1];
    const cli = await findTemporal({ kind: "server" });
    const version = ["--deployment-name", "latchkey", "--build-id", String(buildId), "--address", `127.0.0.1:${port}`, "--yes"];
    const promote = promisify(execFile);
    const isCurrent = async () => {
      const page = parseExposition((await pageOf(running, "/metrics")).body);
      return page.find(({ name }) => name === "latchkey_host_current_build")?.lines[0]?.value;
    };
    await until("its version is known, and is not the current one", async () => (await isCurrent()) === 0);
    await until("its version is known and current", () =>
      promote(cli, ["worker", "deployment", "set-current-version", ...version]).then(
        () => true,
        () => false,
      ),
    );
    expect(await isCurrent()).toBe(1);
    const id = requestFulfillment(2);
    await until("the order is fulfilled", () => isFulfilled(id));
    await until("the story is recorded as fulfilled", async () => {
      const { stdout } = await promote(cli, [
        "workflow",
        "describe",
        "--address",
        `127.0.0.1:${port}`,
        "-w",
        `order/${id}`,
        "-o",
        "json",
      ]);
      return stdout.includes("WORKFLOW_EXECUTION_STATUS_COMPLETED") && stdout.includes("PINNED");
    });
  });
});

test("a log line says only what is on the list", () => {
  const lines: string[] = [];
  const more = { shard: "00", detail: "y".repeat(2_000), license_key: "7K2Q-SECRET", body: "x" };
  const circumvented: LogFields = more;
  openLog((line) => void lines.push(line)).info("something", circumvented);
  expect(lines).toHaveLength(1);
  expect(Object.keys(JSON.parse(String(lines[0])))).toEqual(["at", "level", "event", "detail", "shard"]);
  expect(lines[0]?.length).toBeLessThan(700);
});
