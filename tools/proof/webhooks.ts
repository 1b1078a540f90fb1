import { readFileSync } from "node:fs";
import http from "node:http";
import { createHmac, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Client, Connection } from "@temporalio/client";
import { LIMIT_NAMES } from "#rules/limits/numbers";
import { quantile } from "../bench/figures.ts";
import { tenantBy } from "../bench/installation.ts";
import { silent, type Say } from "../say.ts";
import { type Api, apiAt } from "../start/api.ts";
import { homeAt } from "../start/home.ts";
import { portsFrom } from "../start/ports.ts";
import { livingProcesses } from "../start/processes.ts";
import { startAll, type Started } from "../start/start-all.ts";
import { type Manner, MANNERS, Receivers } from "./receivers.ts";
import { recordProof, type Finding } from "./record.ts";

const TENANTS = ["north", "south"];
const ENDPOINTS = 50;
const EVENTS = 500;
const BASE_PORT = 18_900;
const ENOUGH = 1e9;
/** Events a second and tenant while latencies are compared, and for how long. */
const PACE = { perSecond: 2, seconds: 20 };
const LOOP = { atOnce: 100, seconds: 5 };
const MAKERS = 4; // of each tenant
const PATIENCE_MS = 15 * 60_000;
const ABOUT =
  "Five hundred events for each of two tenants with fifty webhook endpoints each (50,000 deliveries), on an installation of its own: the edge in workerd, D1, Temporal, the worker host. One endpoint of each tenant hangs, one drips its answer, one answers 500, one redirects to a metadata address, one answers a gigabyte. While the events are delivered the worker host is killed. Every delivery that arrives is counted by its webhook-id, and a tenth of them are verified with the published standardwebhooks library.";

type Vendor = { api: Api; endpoints: { id: string; manner: Manner; path: string }[] };

/** Delivers 50,000 webhooks beside endpoints that misbehave, and compares it with a plain loop of signed posts. */
export async function proveWebhooks(say: Say): Promise<void> {
  const receivers = new Receivers();
  await receivers.start();
  const loopPerSecond = await plainLoop(receivers);
  say.line(`a plain loop of signed posts: ${loopPerSecond.toFixed(0)} a second`);
  say.progress("starting an installation of its own …");
  const plan = {
    home: homeAt(".latchkey/proof-webhooks"),
    ports: () => portsFrom(BASE_PORT),
    reset: true,
    say: silent,
    demo: false,
  };
  const installed = await startAll(plan);
  try {
    await deliver(installed, receivers, loopPerSecond, say);
  } finally {
    await installed.stop();
    await receivers.stop();
  }
}

async function deliver(installed: Started, receivers: Receivers, loopPerSecond: number, say: Say): Promise<void> {
  const operator = apiAt(installed.dev.edge_url, installed.dev.operator_key);
  const vendors: Vendor[] = [];
  for (const name of TENANTS) {
    const { secretKey } = await tenantBy(operator, name, Object.fromEntries(LIMIT_NAMES.map((limit) => [limit, ENOUGH])));
    vendors.push({ api: apiAt(installed.dev.edge_url, secretKey), endpoints: [] });
  }
  const bad = MANNERS.filter((manner) => manner !== "well");
  for (const vendor of vendors) for (let n = bad.length; n < ENDPOINTS; n++) await subscribe(receivers, vendor, "well", `${n}`);

  say.progress("latencies with good endpoints alone …");
  const alone = await paced(receivers, vendors);
  for (const vendor of vendors) for (const manner of bad) await subscribe(receivers, vendor, manner, "0");
  say.progress("latencies beside bad ones …");
  const beside = await paced(receivers, vendors);

  const host = watchMemory(installed.dev.edge_url);
  const before = countOf(receivers);
  const startedAt = Date.now();
  const good = vendors.flatMap(({ endpoints }) => endpoints.filter(({ manner }) => manner === "well"));
  const expected = EVENTS * good.length;
  const making = Promise.all(vendors.map(({ api }, v) => makeEvents(api, `bulk-${v}`)));
  let arrived = 0;
  let half: { arrived: number; tookS: number } | null = null;
  for (let lastAt = Date.now(); arrived < expected && Date.now() - lastAt < 120_000 && Date.now() - startedAt < PATIENCE_MS;) {
    await pause(250);
    const now = countOf(receivers) - before;
    if (now > arrived) lastAt = Date.now();
    arrived = now;
    say.progress(`${arrived} of ${expected} …`);
    if (half || arrived < expected / 2) continue;
    half = { arrived, tookS: (Date.now() - startedAt) / 1000 };
    await installed.part("host").kill();
  }
  await making;
  const tookS = (Date.now() - startedAt) / 1000;
  const history = await historyEvents(installed);
  const stuck = await stuckStories(operator);
  await conclude({
    receivers,
    vendors,
    expected,
    arrived,
    tookS,
    half,
    alone,
    beside,
    loopPerSecond,
    grewMiB: host.grewMiB(),
    history,
    stuck,
    say,
  });
}

type Seen = {
  receivers: Receivers;
  vendors: readonly Vendor[];
  expected: number;
  arrived: number;
  tookS: number;
  /** How much had arrived when the host was killed, and after how long; null: it was not. */
  half: { arrived: number; tookS: number } | null;
  alone: number[];
  beside: number[];
  loopPerSecond: number;
  grewMiB: number;
  history: number;
  stuck: string[];
  say: Say;
};

async function conclude(seen: Seen): Promise<void> {
  const { receivers, vendors, expected, arrived, tookS, half, alone, beside, loopPerSecond, grewMiB, history, stuck, say } = seen;
  const all = [...receivers.got.values()];
  const twice = all.reduce((sum, { ids, times }) => sum + times - ids.size, 0);
  const unverified = all.reduce((sum, each) => sum + each.unverified, 0);
  const [p99Alone, p99Beside] = [quantile(alone, 0.99), quantile(beside, 0.99)];
  const deliveries = EVENTS * vendors.length * ENDPOINTS;
  const perSecond = half ? half.arrived / half.tookS : Number.NaN;
  const findings: Finding[] = [
    { claim: "every good endpoint got every event", seen: `${arrived} of ${expected}`, holds: arrived === expected },
    { claim: "the worker host was killed on the way", seen: half ? "once, at half" : "no", holds: half !== null },
    { claim: "those verified were genuine", seen: `${unverified} were not`, holds: unverified === 0 },
    { claim: "nobody followed a redirect", seen: `${receivers.canaryHits} hits`, holds: receivers.canaryHits === 0 },
    {
      claim: "beside bad endpoints the slowest hundredth took less than twice as long",
      seen: `p99 ${p99Alone.toFixed(0)} ms alone, ${p99Beside.toFixed(0)} ms beside them`,
      holds: p99Beside < 2 * p99Alone,
    },
    { claim: "the host's memory grew by less than 100 MB", seen: `${grewMiB.toFixed(0)} MiB`, holds: grewMiB < 100 },
    {
      claim: "at most 0.1 events of a history a delivery",
      seen: `${history} for ${deliveries} deliveries`,
      holds: history <= deliveries / 10,
    },
    { claim: "no story is stuck afterwards", seen: stuck.join(", ") || "none", holds: stuck.length === 0 },
  ];
  await recordProof({ name: "webhooks", about: ABOUT, say }, findings, [
    `${perSecond.toFixed(0)} deliveries a second arrived until the host was killed, while the events were made as well; a plain loop of signed posts to the same receiver made ${loopPerSecond.toFixed(0)} (aim: half of it)`,
    `all of it took ${tookS.toFixed(0)} s, with the time in which nobody knew that the host was dead`,
    `${twice} came twice, with the same webhook-id`,
    `latencies from the event to its arrival at ${PACE.perSecond} events a second and tenant: alone p50 ${quantile(alone, 0.5).toFixed(0)} ms, beside bad ones p50 ${quantile(beside, 0.5).toFixed(0)} ms`,
  ]);
}

async function subscribe(receivers: Receivers, vendor: Vendor, manner: Manner, name: string): Promise<void> {
  const url = receivers.urlOf(manner, `${TENANTS[0]}-${vendor.endpoints.length}-${name}-${randomBytes(3).toString("hex")}`);
  type Made = { id: string; secret: string };
  const { id, secret } = await vendor.api.post<Made>("/v1/webhook_endpoints", { url, events: ["product.created"] });
  const path = new URL(url).pathname;
  receivers.secrets.set(path, secret);
  vendor.endpoints.push({ id, manner, path });
}

const countOf = ({ got }: Receivers) => [...got.values()].reduce((sum, { ids }) => sum + ids.size, 0);

/** Makes all events of a tenant, a few at a time. */
async function makeEvents(api: Api, name: string): Promise<void> {
  let made = 0;
  const make = async () => {
    for (let n = made++; n < EVENTS; n = made++) await api.post("/v1/products", { name: "P", code: `${name}-${n}` });
  };
  await Promise.all(Array.from({ length: MAKERS }, make));
}

/** Makes events at a steady pace; answers how long each took to arrive at good endpoints. */
async function paced(receivers: Receivers, vendors: readonly Vendor[]): Promise<number[]> {
  const before = new Map([...receivers.got].map(([path, { latenciesMs }]) => [path, latenciesMs.length]));
  const expected =
    countOf(receivers) +
    PACE.perSecond *
      PACE.seconds *
      vendors.reduce((sum, { endpoints }) => sum + endpoints.filter(({ manner }) => manner === "well").length, 0);
  for (let n = 0; n < PACE.perSecond * PACE.seconds; n++) {
    await Promise.all([
      ...vendors.map(({ api }) => api.post("/v1/products", { name: "P", code: `paced-${randomBytes(5).toString("hex")}` })),
      pause(1000 / PACE.perSecond),
    ]);
  }
  for (let waited = 0; countOf(receivers) < expected && waited < 60; waited++) await pause(1_000);
  return [...receivers.got].flatMap(([path, { latenciesMs }]) => latenciesMs.slice(before.get(path) ?? 0));
}

/** By how much the memory of the worker host that runs now grows at most, while it runs. */
function watchMemory(edgeUrl: string): { grewMiB: () => number } {
  const host = livingProcesses().find(
    ({ pid, command }) => /worker-host\/main/.test(command) && environmentOf(pid).includes(edgeUrl),
  );
  if (!host) throw new Error("The worker host is not there");
  const atFirst = residentMiB(host.pid) ?? Number.NaN;
  let most = atFirst;
  const timer = setInterval(() => void (most = Math.max(most, residentMiB(host.pid) ?? most)), 250);
  return {
    grewMiB: () => {
      clearInterval(timer);
      return most - atFirst;
    },
  };
}

/** Undefined for a process that has ended. */
function residentMiB(pid: number): number | undefined {
  try {
    const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return line ? Number(line[1]) / 1024 : undefined;
  } catch {
    return undefined;
  }
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
}

/** What somebody should look at, of all tenants, once the host that began anew has told of its stories. */
async function stuckStories(operator: Api): Promise<string[]> {
  await pause(15_000);
  const { data } = await operator.get<{ data: { workflow_id: string; details: string }[] }>("/v1/stories?state=stuck&limit=100");
  return data.map(({ workflow_id, details }) => `${workflow_id}: ${details}`);
}

/** All events of the histories that deliveries have caused: of the pump and of recoveries. */
async function historyEvents({ dev }: Started): Promise<number> {
  const connection = await Connection.connect({ address: dev.temporal_address });
  try {
    let events = 0;
    const query = "WorkflowType IN ('deliverWebhooks', 'recoverEndpoint')";
    const { workflow } = new Client({ connection });
    // visibility knows the length of closed histories alone
    for await (const { workflowId, runId } of workflow.list({ query })) {
      events += (await workflow.getHandle(workflowId, runId).describe()).historyLength;
    }
    return events;
  } finally {
    await connection.close();
  }
}

/** What a plain loop does on this machine: posts of the same size, signed, each on a connection of its own as a guarded sender's are. */
async function plainLoop(receivers: Receivers): Promise<number> {
  const url = new URL(receivers.urlOf("well", "loop"));
  const key = randomBytes(32);
  const until = performance.now() + LOOP.seconds * 1000;
  let sent = 0;
  const body = (n: number) =>
    JSON.stringify({ id: `evt_loop${n}`, seq: n, timestamp: new Date().toISOString(), data: "x".repeat(600) });
  await Promise.all(
    Array.from({ length: LOOP.atOnce }, async () => {
      while (performance.now() < until) {
        const text = body(sent++);
        const signature = createHmac("sha256", key).update(text).digest("base64");
        await new Promise<void>((resolve, reject) => {
          const request = http.request(url.href, {
            method: "POST",
            agent: false,
            headers: { "webhook-signature": `v1,${signature}`, connection: "close" },
          });
          request.on("response", (response) => response.resume().on("end", resolve));
          request.on("error", reject);
          request.end(text);
        });
      }
    }),
  );
  receivers.got.clear();
  return sent / LOOP.seconds;
}
