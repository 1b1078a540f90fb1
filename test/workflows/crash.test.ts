import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FailpointName } from "../../worker-host/failpoint.ts";
import { edgeStandIn, until, type EdgeStandIn } from "../host/edge-stand-in.ts";
import { devServer, freePort, host, newFolder, type Running } from "../host/processes.ts";
import { receiver } from "../host/receiver.ts";

const PATIENCE_MS = 50_000;
let port: number;
let temporal: Running;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  port = await freePort();
  temporal = await devServer({ port, folder: newFolder() });
  connection = await Connection.connect({ address: `127.0.0.1:${port}` });
  client = new Client({ connection });
});
afterAll(async () => {
  await connection.close();
  await temporal.stop();
});

type World = { edge: EdgeStandIn; home: string; queue: string; hosts: Running[] };

async function newWorld(queue: string): Promise<World> {
  return { edge: await edgeStandIn({ leaseMs: 1_000 }), home: newFolder(), queue, hosts: [] };
}

/** Starts a host as a supervisor would after the last one died; with a failpoint, it dies there. */
async function startHost({ edge, home, queue, hosts }: World, failpoint: FailpointName | "") {
  const running = host(edge, port, { LATCHKEY_FAILPOINT: failpoint, LATCHKEY_HOME: home, TEMPORAL_TASK_QUEUE: queue });
  hosts.push(running);
  await until(
    `the host that is to die at ${failpoint} is ready, or dead already`,
    () => running.said("ready") || isKilled(running),
    PATIENCE_MS,
  );
  return { dead: () => until(`the host has died at ${failpoint}`, () => isKilled(running), PATIENCE_MS) };
}
const isKilled = ({ child }: Running): boolean => child.signalCode === "SIGKILL";

async function end({ edge, hosts }: World): Promise<void> {
  await Promise.all(hosts.map((running) => running.stop()));
  await edge.close();
}

test.concurrent("hosts killed one after the other, at every moment of an order's way, change nothing about how it ends", async () => {
  const world = await newWorld("orders");
  const { edge } = world;
  const first = await startHost(world, "relay.claimed");
  const id = edge.order(60);
  const event = edge.event({ type: "order.fulfillment_requested", subject: { type: "order", id } });
  await first.dead();
  for (const moment of ["relay.started", "fulfillment.read", "licenses.issued", "order.completed"] as const) {
    const { dead } = await startHost(world, moment);
    await dead();
  }
  await startHost(world, "");

  const story = client.workflow.getHandle(`order/${id}`);
  await until("the story has ended", async () => (await story.describe()).status.name === "COMPLETED", PATIENCE_MS);
  expect(await story.result()).toEqual({ outcome: "fulfilled", issued: 60 });
  expect(edge.orders.get(id)?.status).toBe("fulfilled");
  expect(edge.orders.get(id)?.licenses.size).toBe(60);
  await until("the event is done", () => edge.events.find(({ seq }) => seq === event.seq)?.done === true);
  await end(world);
}, 180_000);

test.concurrent("hosts killed one after the other, at every moment of an operation's way, change nothing about how it ends", async () => {
  const world = await newWorld("operations");
  const { edge } = world;
  const first = await startHost(world, "relay.claimed");
  const id = edge.operation(170);
  const event = edge.event({ type: "operation.created", subject: { type: "operation", id } });
  await first.dead();
  for (const moment of ["relay.started", "operation.stepped", "operation.finished"] as const) {
    const { dead } = await startHost(world, moment);
    await dead();
  }
  await startHost(world, "");

  const story = client.workflow.getHandle(`operation/${id}`);
  await until("the story has ended", async () => (await story.describe()).status.name === "COMPLETED", PATIENCE_MS);
  expect(await story.result()).toEqual({ outcome: "succeeded", done: 170 });
  expect(edge.operations.get(id)?.worked).toEqual(Array.from({ length: 170 }, (_, n) => n));
  await until("the event is done", () => edge.events.find(({ seq }) => seq === event.seq)?.done === true);
  await end(world);
}, 180_000);

test("a host killed between sending a webhook and recording it: it is sent again under the same id, and recorded once", async () => {
  const endpoint = await receiver();
  await client.workflow.getHandle("deliveries/00").terminate("the pump of the hosts before"); // one pump a shard, whatever the queue
  const world = await newWorld("deliveries");
  const { edge } = world;
  const { dead } = await startHost(world, "delivery.sent");
  edge.delivery(`${endpoint.url}/hook`);
  await dead();
  await startHost(world, "delivery.sent"); // the mark of the first keeps it alive
  await until("it is recorded", () => edge.results.length > 0, PATIENCE_MS);
  expect(endpoint.ids()).toEqual(["evt_001", "evt_001"]);
  expect(new Set(endpoint.received.map(({ body }) => body)).size).toBe(1);
  expect(edge.results).toHaveLength(1);
  expect(edge.deliveries[0]?.state).toBe("succeeded");
  await end(world);
  await endpoint.close();
}, 120_000);
