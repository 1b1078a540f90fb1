import { Client } from "@temporalio/client";
import { NativeConnection, Worker } from "@temporalio/worker";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startMailSink, type MailSink } from "../../simulators/mail/server.ts";
import type { ReceivedMail } from "../../simulators/mail/received.ts";
import { openEdge } from "../../worker-host/edge/client.ts";
import { edgeRoutes } from "../../worker-host/edge/routes.ts";
import { mailActivities } from "../../worker-host/mail/activities.ts";
import { postmanOf } from "../../worker-host/mail/postman.ts";
import { keepPumpRunning, MAIL_PUMP } from "../../worker-host/pump.ts";
import { registerSearchAttributes } from "../../worker-host/temporal/search-attributes.ts";
import { edgeStandIn, until, type EdgeStandIn } from "../host/edge-stand-in.ts";
import { keptLog } from "../host/log-lines.ts";
import { devServer, freePort, newFolder, type Running } from "../host/processes.ts";
import { quietRuntime, storiesOf } from "./engine.ts";

let edge: EdgeStandIn;
let sink: MailSink;
let temporal: Running;
let connection: NativeConnection;
const { log } = keptLog();

beforeAll(async () => {
  quietRuntime();
  const port = await freePort();
  // a history may become this long before the server suggests to begin a new one
  const settings = ["limit.historyCount.suggestContinueAsNew=20"];
  [edge, sink, temporal] = await Promise.all([
    edgeStandIn({ retryMs: 100 }),
    startMailSink({ port: 0, smtpPort: 0 }),
    devServer({ port, folder: newFolder(), settings }),
  ]);
  connection = await NativeConnection.connect({ address: `127.0.0.1:${port}` });
  await registerSearchAttributes(connection, "default", log);
});
afterAll(async () => {
  await connection.close();
  await Promise.all([temporal.stop(), edge.close(), sink.close()]);
});

test("the mail pump sends through many rounds, begins a new history when the old grows long, sends each mail once, and no address is in a history", async () => {
  const client = new Client({ connection });
  const [host, port] = ["127.0.0.1", Number(new URL(sink.smtpUrl).port)];
  const how = { implicitTls: false, requireTls: false, auth: null, from: "licenses@vendor.example", fromDomains: [] };
  const postman = postmanOf({ kind: "smtp", host, port, ...how });
  const routes = edgeRoutes(openEdge(edge));
  const activities = mailActivities({ edge: routes, postman, failpoint: () => undefined, log, roundMs: 50 });
  const { code } = await storiesOf();
  const worker = await Worker.create({ connection, taskQueue: "latchkey", workflowBundle: { code }, activities });
  const stop = new AbortController();

  await worker.runUntil(async () => {
    const pump = keepPumpRunning({ pump: MAIL_PUMP, client, connection, taskQueue: "latchkey", shard: "00", log }, stop.signal);
    const handle = client.workflow.getHandle("mail/00");
    await until("the pump runs", () => edge.callsOf("/internal/notices/claim").length > 0);
    const { runId } = await handle.describe();
    await until("the pump has begun a new history", async () => {
      edge.mail.add();
      return (await handle.describe()).runId !== runId;
    });
    await until("every mail is sent", () => edge.mail.rows.every(({ state }) => state === "sent"));

    const received = await (await fetch(`${sink.url}/_log`)).json<ReceivedMail[]>();
    expect(received.map(({ message_id }) => message_id).toSorted()).toEqual(
      edge.mail.rows.map(({ notice_id }) => `<${notice_id}@vendor.example>`).toSorted(),
    );
    expect(await handle.query("state")).toMatchObject({ state: "running", details: expect.stringContaining("shard 00") });
    const control = (mode: string) => fetch(`${sink.url}/_control`, { method: "POST", body: JSON.stringify({ mode }) });
    await control("down");
    edge.mail.add();
    const trouble = async () => (await handle.query<{ trouble?: object }>("state")).trouble;
    await until("the pump says why mail waits", async () => (await trouble()) !== undefined);
    expect(await trouble()).toMatchObject({ code: "mail_server_away", message: expect.stringContaining("ECONNREFUSED") });
    await control("normal");
    await until("the pump is at work again", async () => (await trouble()) === undefined);

    const history = JSON.stringify(await client.workflow.getHandle("mail/00", runId).fetchHistory());
    expect(history).not.toContain("customer.example");

    stop.abort();
    await pump;
    await handle.terminate();
  });
});
