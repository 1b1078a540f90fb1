import { Client } from "@temporalio/client";
import { NativeConnection, Worker } from "@temporalio/worker";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openEdge } from "../../worker-host/edge/client.ts";
import { edgeRoutes } from "../../worker-host/edge/routes.ts";
import { guardedSend } from "../../worker-host/outbound/send.ts";
import { keepPumpRunning, WEBHOOK_PUMP } from "../../worker-host/pump.ts";
import { registerSearchAttributes } from "../../worker-host/temporal/search-attributes.ts";
import { webhookActivities } from "../../worker-host/webhooks/activities.ts";
import { edgeStandIn, until, type EdgeStandIn } from "../host/edge-stand-in.ts";
import { keptLog } from "../host/log-lines.ts";
import { devServer, freePort, newFolder, type Running } from "../host/processes.ts";
import { receiver, type Receiver } from "../host/receiver.ts";
import { quietRuntime, storiesOf } from "./engine.ts";

let edge: EdgeStandIn;
let endpoint: Receiver;
let temporal: Running;
let connection: NativeConnection;
const { log } = keptLog();

beforeAll(async () => {
  quietRuntime();
  const port = await freePort();
  // a history may become this long before the server suggests to begin a new one
  const settings = ["limit.historyCount.suggestContinueAsNew=20"];
  [edge, endpoint, temporal] = await Promise.all([
    edgeStandIn({ retryMs: 100 }),
    receiver(),
    devServer({ port, folder: newFolder(), settings }),
  ]);
  connection = await NativeConnection.connect({ address: `127.0.0.1:${port}` });
  await registerSearchAttributes(connection, "default", log);
});
afterAll(async () => {
  await connection.close();
  await Promise.all([temporal.stop(), edge.close(), endpoint.close()]);
});

test("the pump delivers through many rounds, begins a new history when the old grows long, and loses nothing", async () => {
  const client = new Client({ connection });
  const send = guardedSend({ allowLoopback: true });
  const activities = webhookActivities({ edge: edgeRoutes(openEdge(edge)), send, failpoint: () => undefined, log, roundMs: 50 });
  const { code } = await storiesOf();
  const worker = await Worker.create({ connection, taskQueue: "latchkey", workflowBundle: { code }, activities });
  const stop = new AbortController();

  await worker.runUntil(async () => {
    const pump = keepPumpRunning(
      { pump: WEBHOOK_PUMP, client, connection, taskQueue: "latchkey", shard: "00", log },
      stop.signal,
    );
    const handle = client.workflow.getHandle("deliveries/00");
    await until("the pump runs", () => edge.callsOf("/internal/deliveries/claim").length > 0);
    const { runId } = await handle.describe();

    let sent = 0;
    await until("the pump has begun a new history", async () => {
      edge.delivery(`${endpoint.url}/${sent++ % 3 === 0 ? 503 : 200}`);
      return (await handle.describe()).runId !== runId;
    });
    await until("every delivery has come to its end", () => edge.deliveries.every(({ state }) => state !== "due"));

    const attempts = new Map<string, number>();
    for (const id of endpoint.ids()) attempts.set(id, (attempts.get(id) ?? 0) + 1);
    expect([...attempts.values()]).toEqual(edge.deliveries.map((_, n) => (n % 3 === 0 ? 5 : 1)));
    expect(await handle.query("state")).toMatchObject({ state: "running", details: expect.stringContaining("shard 00") });
    const { typedSearchAttributes } = await handle.describe();
    const told = typedSearchAttributes.getAll().map(({ key }) => key.name);
    expect(told).toEqual(expect.arrayContaining(["TenantId", "SubjectId", "Kind", "State"])); // kept through the new history

    stop.abort();
    await pump;
    await handle.terminate();
  });
});
