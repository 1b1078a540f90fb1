import { Client } from "@temporalio/client";
import { TypedSearchAttributes } from "@temporalio/common";
import { afterAll, beforeAll, expect, test } from "vitest";
import { helpOf } from "#rules/stories/help";
import { readConfig } from "../../worker-host/config.ts";
import { openEdge } from "../../worker-host/edge/client.ts";
import { edgeRoutes, type AskedOfStory } from "../../worker-host/edge/routes.ts";
import { licensingActivities } from "../../worker-host/licensing/activities.ts";
import { guardedSend } from "../../worker-host/outbound/send.ts";
import { runRelay } from "../../worker-host/relay/relay.ts";
import { storyStarter } from "../../worker-host/relay/start-story.ts";
import { salesActivities } from "../../worker-host/sales/activities.ts";
import { commandsOf } from "../../worker-host/stories/commands.ts";
import { keepMirror } from "../../worker-host/stories/mirror.ts";
import { WatchList } from "../../worker-host/stories/watch-list.ts";
import { connectTemporal } from "../../worker-host/temporal/connect.ts";
import { registerSearchAttributes, searchAttributes } from "../../worker-host/temporal/search-attributes.ts";
import { webhookActivities } from "../../worker-host/webhooks/activities.ts";
import { quietRuntime, startWorker, storiesOf } from "../workflows/engine.ts";
import { edgeStandIn, until, type EdgeStandIn } from "./edge-stand-in.ts";
import { keptLog } from "./log-lines.ts";
import { devServer, freePort, newFolder } from "./processes.ts";
import { receiver, type Receiver } from "./receiver.ts";

const MIRROR = "/internal/stories/mirror";
const PROBE = "/internal/webhook_endpoints/probe";
const STEP = "/internal/operations/step";

let edge: EdgeStandIn;
let endpoint: Receiver;
let client: Client;
const closing: (() => Promise<unknown>)[] = [];

/** A host's relay, commands and mirror, and a worker, around a server of their own. */
beforeAll(async () => {
  quietRuntime();
  const port = await freePort();
  let bundle: { code: string };
  let temporal: Awaited<ReturnType<typeof devServer>>;
  [temporal, bundle, edge, endpoint] = await Promise.all([
    devServer({ port, folder: newFolder() }),
    storiesOf(),
    edgeStandIn(),
    receiver(),
  ]);
  const { log } = keptLog();
  const read = readConfig({
    LATCHKEY_EDGE_URL: edge.url.origin,
    LATCHKEY_INTERNAL_SECRET: edge.secretText,
    TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
  });
  if ("problems" in read) throw new Error("the configuration is wrong");
  const stop = new AbortController();
  const connection = await connectTemporal(read.config.temporal, { begin: () => Promise.resolve() }, log, stop.signal);
  if (!connection) throw new Error("not connected");
  await registerSearchAttributes(connection, "default", log);
  client = new Client({ connection });
  const routes = edgeRoutes(openEdge(edge));
  const failpoint = () => undefined;
  const means = { edge: routes, send: guardedSend({ allowLoopback: true }), failpoint, log };
  const activities = { ...salesActivities(means), ...licensingActivities(means), ...webhookActivities(means) };
  const worker = await startWorker({ nativeConnection: connection }, { code: bundle.code, activities });

  // what ended while no host looked
  const open = { tenant_id: "ten_00a", workflow_id: "order/ord_long_gone", run_id: "a", kind: "fulfill_order", ended_at: null };
  edge.stories.set(open.workflow_id, { ...edge.stories.get(""), ...open } as never);
  const watched = new WatchList();
  const asked = { shard: "00", edge: routes, client, connection, log };
  const commands = commandsOf({ ...asked, onAnswered: (id) => watched.soon(id) });
  const start = storyStarter(client, connection, worker.taskQueue);
  const running = [
    runRelay({ shard: "00", edge: routes, start, commands, failpoint, log }, stop.signal),
    keepMirror({ ...asked, commands, everyMs: 200 }, watched, stop.signal),
  ];
  closing.push(
    async () => (stop.abort(new Error("over")), Promise.all(running)),
    worker.stop,
    () => connection.close(),
    () => Promise.all([temporal.stop(), edge.close(), endpoint.close()]),
  );
}, 60_000);
afterAll(async () => {
  for (const close of closing) await close();
});

const seen = (workflowId: string) => edge.stories.get(workflowId);
const isSeen = (workflowId: string, state: string) =>
  until(`${workflowId} is seen as ${state}`, () => seen(workflowId)?.state === state, 15_000);

/** What became of something that was asked of a story. */
async function answered(workflowId: string, command: AskedOfStory["command"]) {
  const asked = edge.command(workflowId, command);
  await until(`${command} of ${workflowId} is answered`, () => asked.outcome !== undefined, 15_000);
  return [asked.outcome, asked.detail];
}

test("an endpoint's story is seen as it waits; a skipped wait ends at once, what fails is told with why, and a retry is made at once", async () => {
  const id = edge.recovering([`${endpoint.url}/200`]);
  edge.event({ type: "webhook_endpoint.failing", subject: { type: "webhook_endpoint", id } });
  const workflowId = `endpoint/${id}/${edge.events.length}`;
  await isSeen(workflowId, "waiting");
  expect(seen(workflowId)).toMatchObject({
    tenant_id: "ten_00a",
    kind: "recover_endpoint",
    subject_id: id,
    summary: `Try endpoint ${id} until it takes webhooks again`,
    details: "0 tries failed; the next is within a minute",
    waits_for: "the next try",
    waits_until: expect.any(String),
    attempt: 0,
    ended_at: null,
  });

  // nothing but the retry makes it try again within the hour
  edge.failNext(PROBE, { status: 429, body: { code: "rate_limited" }, headers: { "retry-after": "3600" } });
  expect(await answered(workflowId, "skip_wait")).toEqual(["done", "It waits no longer for the next try."]);
  await isSeen(workflowId, "retrying");
  expect(seen(workflowId)).toMatchObject({ attempt: 2, error_code: "rate_limited", error: expect.stringContaining(PROBE) });
  expect(seen(workflowId)?.waits_for).toBeNull();
  expect(await answered(workflowId, "skip_wait")).toEqual(["refused", "It waits for nothing that may be skipped."]);
  expect(await answered(workflowId, "retry")).toEqual(["done", "It tries again at once."]);
  await isSeen(workflowId, "ended");
  expect(seen(workflowId)).toMatchObject({ outcome: "recovered", details: "It takes deliveries again", error: null });
  expect(await answered(workflowId, "give_up")).toEqual(["refused", "It is over."]);
});

test("an operation that waits for the edge is seen to be tried again, and fails where it is given up", async () => {
  const id = edge.operation(10);
  edge.failNext(STEP, { status: 429, body: { code: "rate_limited" }, headers: { "retry-after": "3600" } });
  edge.event({ type: "operation.created", subject: { type: "operation", id } });
  const workflowId = `operation/${id}`;
  await isSeen(workflowId, "retrying");
  expect(seen(workflowId)).toMatchObject({ attempt: 2, error_code: "rate_limited" });
  expect(await answered(workflowId, "give_up")).toEqual(["done", "It is given up."]);
  await isSeen(workflowId, "ended");
  expect(seen(workflowId)).toMatchObject({ outcome: "given_up", details: "Given up on request" });
  expect(edge.operations.get(id)).toMatchObject({ status: "failed", error: "Given up on request" });
});

test("an order that the edge does not answer is seen to be tried again with why and what helps, and comes to its end when the edge is back", async () => {
  const id = edge.order(3);
  // what stands before an edge that is away; a wait this long is the server's, and not the worker's own
  edge.failNext("/internal/orders/issue_licenses", { status: 503, headers: { "retry-after": "6" } });
  edge.event({ type: "order.fulfillment_requested", subject: { type: "order", id } });
  const workflowId = `order/${id}`;
  await isSeen(workflowId, "retrying");
  expect(seen(workflowId)).toMatchObject({ attempt: 2, error_code: "http_503", error: expect.stringContaining("503") });
  const help = helpOf({ kind: "fulfill_order", state: "retrying", errorCode: "http_503", waitsFor: null });
  expect(help).toContain("LATCHKEY_EDGE_URL");

  await isSeen(workflowId, "ended");
  expect(seen(workflowId)).toMatchObject({ outcome: "fulfilled", error_code: null });
  expect([...edge.stories.values()].filter(({ state }) => state === "stuck" || state === "retrying")).toEqual([]);
});

test("an order that failed says why, is given up by nobody, and a retry begins it anew", async () => {
  const id = edge.order(3, "pending");
  edge.event({ type: "order.fulfillment_requested", subject: { type: "order", id } });
  const workflowId = `order/${id}`;
  await isSeen(workflowId, "failed");
  expect(seen(workflowId)).toMatchObject({ error_code: "order_not_approved", ended_at: expect.any(String) });
  expect(await answered(workflowId, "give_up")).toEqual(["refused", "It is over."]);
  edge.orders.get(id)!.status = "approved";
  expect((await answered(workflowId, "retry"))[0]).toBe("done");
  await isSeen(workflowId, "ended");
  expect(seen(workflowId)).toMatchObject({ outcome: "fulfilled", details: "Fulfilled with 3 licenses", error_code: null });
  expect(edge.orders.get(id)?.licenses.size).toBe(3);
});

test("a story whose own step fails is seen to fail, though its history alone tells of what, and one that is terminated says so", async () => {
  const typedSearchAttributes = new TypedSearchAttributes(
    searchAttributes({ tenantId: "ten_00a", subjectId: "ord_odd", kind: "fulfill_order" }),
  );
  await client.workflow.start("noStoryOfOurs", { taskQueue: "latchkey", workflowId: "order/ord_odd", typedSearchAttributes });
  await isSeen("order/ord_odd", "retrying");
  expect(seen("order/ord_odd")).toMatchObject({ error: expect.stringContaining("noStoryOfOurs") });
  await client.workflow.getHandle("order/ord_odd").terminate("nobody knows it");
  await isSeen("order/ord_odd", "failed");
  expect(seen("order/ord_odd")?.error).toBe("Terminated: nobody knows it");
});

test("what the edge took for open and Temporal knows no more is told as over, and stories of other shards are not told", async () => {
  await isSeen("order/ord_long_gone", "ended");
  const typedSearchAttributes = new TypedSearchAttributes(
    searchAttributes({ tenantId: "ten_01a", subjectId: "ord_far", kind: "fulfill_order" }),
  );
  await client.workflow.start("noStoryOfOurs", { taskQueue: "nobody", workflowId: "order/ord_far", typedSearchAttributes });
  const id = edge.order(1);
  edge.event({ type: "order.fulfillment_requested", subject: { type: "order", id } });
  await isSeen(`order/${id}`, "ended");
  expect(seen("order/ord_far")).toBeUndefined();
});

test("while the edge is away nothing is lost, and what is unchanged is not told again", async () => {
  for (let n = 0; n < 3; n++) edge.failNext(MIRROR, n === 1 ? "hang up" : { status: 503 });
  const fulfilled = async () => {
    const id = edge.order(1);
    edge.event({ type: "order.fulfillment_requested", subject: { type: "order", id } });
    await isSeen(`order/${id}`, "ended");
    return `order/${id}`;
  };
  const first = await fulfilled();
  const tellings = () =>
    edge.callsOf(MIRROR).filter(({ body }) => body.seen.some(({ workflow_id }) => workflow_id === first)).length;
  const before = tellings();
  for (let n = 0; n < 3; n++) await fulfilled();
  expect(tellings()).toBe(before);
});
