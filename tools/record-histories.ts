/**
 * Records the histories that the tests replay against the stories as they are now: `node tools/record-histories.ts`.
 * To be run when a story is new, or when it was changed with `patched`; the old history stays beside the new one under a name of its own.
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, type WorkflowHandle } from "@temporalio/client";
import { historyToJSON } from "@temporalio/common/lib/proto-utils.js";
import { NativeConnection } from "@temporalio/worker";
import { startMailSink } from "../simulators/mail/server.ts";
import { edgeStandIn, type EdgeStandIn } from "../test/host/edge-stand-in.ts";
import { devServer, freePort, newFolder } from "../test/host/processes.ts";
import { receiver } from "../test/host/receiver.ts";
import { quietRuntime, startWorker, storiesOf } from "../test/workflows/engine.ts";
import { clockActivities } from "../worker-host/clock/activities.ts";
import { openEdge } from "../worker-host/edge/client.ts";
import { edgeRoutes } from "../worker-host/edge/routes.ts";
import { licensingActivities } from "../worker-host/licensing/activities.ts";
import { openLog } from "../worker-host/log.ts";
import { mailActivities } from "../worker-host/mail/activities.ts";
import { postmanOf } from "../worker-host/mail/postman.ts";
import { guardedSend } from "../worker-host/outbound/send.ts";
import { salesActivities } from "../worker-host/sales/activities.ts";
import { registerSearchAttributes } from "../worker-host/temporal/search-attributes.ts";
import { webhookActivities } from "../worker-host/webhooks/activities.ts";
import { wake, type StoryClock } from "../workflows/clock.ts";

const FOLDER = path.join(import.meta.dirname, "..", "test", "histories");
const IDENTITY = "recorder";

quietRuntime();
const log = openLog();
const edge = await edgeStandIn({ retryMs: 100 });
const endpoint = await receiver();
const sink = await startMailSink({ port: 0, smtpPort: 0 });
const port = await freePort();
const temporal = await devServer({ port, folder: newFolder(), settings: ["limit.historyCount.suggestContinueAsNew=20"] });
const connection = await NativeConnection.connect({ address: `127.0.0.1:${port}` });
await registerSearchAttributes(connection, "default", log);
const client = new Client({ connection, identity: IDENTITY });

const worker = await working();
await recordOrders();
await recordOperations();
await recordPump();
await recordMailPump();
await recordWaits();
await worker.stop();
await connection.close();
await Promise.all([temporal.stop(), edge.close(), endpoint.close(), sink.close()]);
process.exit(0); // the SDK's threads would keep an idle process alive

async function working() {
  const routes = edgeRoutes(openEdge(edge));
  const failpoint = (): void => undefined;
  const config = { from: "licenses@vendor.example", fromDomains: [] };
  const [host, port] = ["127.0.0.1", Number(new URL(sink.smtpUrl).port)];
  const postman = postmanOf({ kind: "smtp", host, port, implicitTls: false, requireTls: false, auth: null, ...config });
  const send = guardedSend({ allowLoopback: true });
  const activities = {
    ...salesActivities({ edge: routes, failpoint }),
    ...licensingActivities({ edge: routes, failpoint }),
    ...webhookActivities({ edge: routes, send, failpoint, log, roundMs: 100 }),
    ...mailActivities({ edge: routes, postman, failpoint, log, roundMs: 100 }),
    ...clockActivities({ edge: routes }),
  };
  const { code } = await storiesOf("stories/recorded.ts");
  return startWorker({ nativeConnection: connection }, { code, activities, identity: IDENTITY });
}

async function recordOrders(): Promise<void> {
  const fulfill = async (name: string, orderId: string): Promise<void> => {
    const args = [{ tenantId: "ten_00a", orderId }];
    const handle = await client.workflow.start("fulfillOrder", { taskQueue: "latchkey", workflowId: `order/${name}`, args });
    await handle.result().catch(() => undefined);
    await save(`fulfill-order.${name}`, handle);
  };
  await fulfill("fulfilled", edge.order(120));
  await fulfill("canceled-before", edge.order(3, "canceled"));
  await fulfill("canceled-meanwhile", canceledAt(edge, 49));
  await fulfill("refused", edge.order(3, "pending"));
  const troubled = edge.order(1);
  for (let n = 0; n < 6; n++) edge.failNext("/internal/orders/issue_licenses", { status: 503 });
  await fulfill("edge-away", troubled); // long enough away for the story to set a timer between its tries
}

/** An order of 120 that is canceled as soon as the license of that index exists. */
function canceledAt(edge: EdgeStandIn, last: number): string {
  const id = edge.order(120);
  const row = edge.orders.get(id);
  if (!row) throw new Error("the order is gone");
  const add = row.licenses.add.bind(row.licenses);
  row.licenses.add = (index) => {
    if (index === last) row.status = "canceled";
    return add(index);
  };
  return id;
}

async function recordOperations(): Promise<void> {
  const run = async (name: string, operationId: string) => {
    const args = [{ tenantId: "ten_00a", operationId }];
    const handle = await client.workflow.start("runOperation", {
      taskQueue: "latchkey",
      workflowId: `operation/${name}`,
      args,
      workflowTaskTimeout: "5 seconds",
    });
    const first = client.workflow.getHandle(handle.workflowId, handle.firstExecutionRunId);
    await handle.result().catch(() => undefined);
    await save(`run-operation.${name}`, first);
  };
  await run("succeeded", edge.operation(120));
  await run("refused", "op_00nowhere");
  const canceled = edge.operation(120);
  cancelAt(canceled, 99);
  await run("canceled", canceled);
  const long = edge.operation(1200);
  // each longer pause of the edge is a timer in the history, so that it grows until the server suggests to begin anew
  for (let n = 0; n < 5; n++) edge.failNext("/internal/operations/step", { status: 429, headers: { "retry-after": "6" } });
  await run("continued", long);
}

/** Lets an operation be canceled as soon as the license of that number had its turn. */
function cancelAt(id: string, last: number): void {
  const row = edge.operations.get(id);
  if (!row) throw new Error("the operation is gone");
  const push = row.worked.push.bind(row.worked);
  row.worked.push = (n) => {
    if (n === last) row.status = "canceled";
    return push(n);
  };
}

async function recordPump(): Promise<void> {
  for (const path of ["/200", "/503", "/410"]) edge.delivery(endpoint.url + path);
  const handle = await client.workflow.start("deliverWebhooks", {
    taskQueue: "latchkey",
    workflowId: "deliveries/00",
    args: [{ shard: "00" }],
  });
  const { runId } = await handle.describe();
  while ((await handle.describe()).runId === runId) await sleep(50);
  await save("deliver-webhooks.continued", client.workflow.getHandle("deliveries/00", runId));
  await handle.terminate();
}

async function recordMailPump(): Promise<void> {
  for (let n = 0; n < 3; n++) edge.mail.add();
  const handle = await client.workflow.start("sendMail", {
    taskQueue: "latchkey",
    workflowId: "mail/00",
    args: [{ shard: "00" }],
  });
  const { runId } = await handle.describe();
  while ((await handle.describe()).runId === runId) await sleep(50);
  await save("send-mail.continued", client.workflow.getHandle("mail/00", runId));
  await handle.terminate();
}

async function recordWaits(): Promise<void> {
  const wait = (name: string, clock: StoryClock, inMs: number) =>
    client.workflow.start("waitForInstants", {
      taskQueue: "latchkey",
      workflowId: `wait/${name}`,
      args: [clock, [new Date(Date.now() + inMs).toISOString()]],
    });
  const live = { tenantId: "ten_00live", livemode: true };
  const sandbox = { tenantId: "ten_00test", livemode: false };
  const day = 86_400_000;

  const reached = await wait("reached", live, 500);
  await reached.result();
  await save("waiting.live-reached", reached);

  const interrupted = await wait("interrupted", sandbox, day);
  await sleep(500);
  await interrupted.signal("interrupt");
  await interrupted.result();
  await save("waiting.sandbox-interrupted", interrupted);

  const woken = await wait("woken", sandbox, day);
  await sleep(500);
  await woken.signal(wake, { at: new Date(Date.now() + 2 * day).toISOString() });
  await woken.result();
  await save("waiting.sandbox-woken", woken);
}

async function save(name: string, handle: WorkflowHandle): Promise<void> {
  const history: unknown = JSON.parse(historyToJSON(await handle.fetchHistory()));
  // stack traces hold the paths of this machine, and are not replayed
  const clean = JSON.stringify(history, (key, value: unknown) => (key === "stackTrace" ? "" : value), 1);
  await writeFile(path.join(FOLDER, `${name}.json`), `${clean}\n`);
  console.log(`recorded ${name}`);
}
