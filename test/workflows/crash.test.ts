import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FailpointName } from "../../worker-host/failpoint.ts";
import { edgeStandIn, until } from "../host/edge-stand-in.ts";
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

/** An edge with a host that dies at the failpoint, and the one that comes after it in the same environment, as a supervisor starts it. */
async function crashAt(failpoint: FailpointName, during: (world: { edge: Edge; next: () => Promise<void> }) => Promise<void>) {
  const edge = await edgeStandIn({ leaseMs: 1_000 });
  const env = { LATCHKEY_FAILPOINT: failpoint, LATCHKEY_HOME: newFolder(), TEMPORAL_TASK_QUEUE: failpoint };
  const hosts = [host(edge, port, env)];
  const [first] = hosts;
  try {
    await until("the first host is ready", () => first?.said("ready") === true, PATIENCE_MS);
    const next = async (): Promise<void> => {
      await until("the first host is dead", () => first?.child.signalCode === "SIGKILL", PATIENCE_MS);
      hosts.push(host(edge, port, env));
    };
    await during({ edge, next });
  } finally {
    await Promise.all(hosts.map((running) => running.stop()));
    await edge.close();
  }
}
type Edge = Awaited<ReturnType<typeof edgeStandIn>>;

describe("a host killed at any moment of an order changes nothing about how it ends", () => {
  const moments = ["relay.claimed", "relay.started", "fulfillment.read", "licenses.issued", "order.completed"] as const;

  test.each(moments)("%s", async (failpoint) => {
    await crashAt(failpoint, async ({ edge, next }) => {
      const id = edge.order(60);
      const event = edge.event({ type: "order.fulfillment_requested", subject: { type: "order", id } });
      await next();

      const story = client.workflow.getHandle(`order/${id}`);
      const statusOf = () => story.describe().then(({ status }) => status.name);
      await until("the story has ended", async () => (await statusOf().catch(() => "NOT_STARTED")) === "COMPLETED", PATIENCE_MS);
      expect(await story.result()).toEqual({ outcome: "fulfilled", issued: 60 });
      expect(edge.orders.get(id)?.status).toBe("fulfilled");
      expect(edge.orders.get(id)?.licenses.size).toBe(60);
      await until("the event is done", () => edge.events.find(({ seq }) => seq === event.seq)?.done === true);
    });
  });
});

test("a host killed between sending a webhook and recording it: it is sent again under the same id, and recorded once", async () => {
  const endpoint = await receiver();
  await client.workflow.getHandle("deliveries/00").terminate("another host's pump"); // the shard's pump is one, and was the first test's
  await crashAt("delivery.sent", async ({ edge, next }) => {
    edge.delivery(`${endpoint.url}/hook`);
    await next();
    await until("it is recorded", () => edge.results.length > 0, PATIENCE_MS);
    expect(endpoint.ids()).toEqual(["evt_001", "evt_001"]);
    expect(new Set(endpoint.received.map(({ body }) => body)).size).toBe(1);
    expect(edge.results).toHaveLength(1);
    expect(edge.deliveries[0]?.state).toBe("succeeded");
  });
  await endpoint.close();
});
