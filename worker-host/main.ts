import { writeFile } from "node:fs/promises";
import { Client } from "@temporalio/client";
import type { NativeConnection } from "@temporalio/worker";
import type { Metric } from "#rules/cache/metrics";
import { backoffMs, isSaid, pause, START_CEILING_MS } from "./backoff.ts";
import { storiesFor } from "./bundle.ts";
import { clockActivities } from "./clock/activities.ts";
import { readConfig, type HostConfig } from "./config.ts";
import { openEdge } from "./edge/client.ts";
import { edgeRoutes, type Edge } from "./edge/routes.ts";
import { armFailpoint, type Failpoint } from "./failpoint.ts";
import { serveHealth, type HostState } from "./health.ts";
import { licensingActivities } from "./licensing/activities.ts";
import { messageOf, openLog, type Log } from "./log.ts";
import { HostCounts } from "./metrics/host-counts.ts";
import { metricsPage } from "./metrics/page.ts";
import { mailActivities } from "./mail/activities.ts";
import { postmanOf } from "./mail/postman.ts";
import { guardedSend } from "./outbound/send.ts";
import { keepPumpRunning, MAIL_PUMP, WEBHOOK_PUMP } from "./pump.ts";
import { runRelay } from "./relay/relay.ts";
import { storyStarter } from "./relay/start-story.ts";
import { rememberingStarts } from "./relay/started.ts";
import { salesActivities } from "./sales/activities.ts";
import { clockStories } from "./stories/clocks.ts";
import { commandsOf } from "./stories/commands.ts";
import { keepMirror } from "./stories/mirror.ts";
import { WatchList } from "./stories/watch-list.ts";
import { storiesActivities } from "./stories/activities.ts";
import { runSweeps, sweptStories } from "./stories/sweep.ts";
import { connectTemporal } from "./temporal/connect.ts";
import { currentBuildMetric } from "./temporal/current-build.ts";
import { sdkRuntime } from "./temporal/runtime.ts";
import { registerSearchAttributes } from "./temporal/search-attributes.ts";
import { keepWorkerRunning } from "./temporal/worker.ts";
import { LeftBehind } from "./webhooks/left-behind.ts";
import { webhookActivities } from "./webhooks/activities.ts";

/** A stop that has not ended by itself is ended: a supervisor waits ten seconds. */
const STOP_MS = 9_000;
const ASK_TEMPORAL_MS = 2_000;
/** How long a host that stops waits for what rounds of deliveries have left under way. */
const FAREWELL_MS = 4_000;

const log = openLog();
const read = readConfig(process.env);
if ("problems" in read) {
  for (const problem of read.problems)
    log.error("configuration", { variable: problem.variable, detail: `${problem.variable} ${problem.detail}` });
  process.exitCode = 2;
} else {
  await runHost(read.config, log, stopOnSignals(log));
  process.exit(0); // the SDK's threads would keep an idle process alive
}

/** Aborts at the first SIGTERM or SIGINT, and makes sure that the process ends soon after it. */
function stopOnSignals(log: Log): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) return;
      log.info("stopping", { signal: name });
      stop.abort(new Error("the host is stopping"));
      setTimeout(() => process.exit(0), STOP_MS).unref();
    });
  }
  return stop.signal;
}

/** Runs every part of the host until the signal aborts: the worker, one relay and one pump a shard, and the health page. */
async function runHost(config: HostConfig, log: Log, stop: AbortSignal): Promise<void> {
  const sdk = sdkRuntime(log);
  const edge = edgeRoutes(openEdge(config.edge));
  const failpoint = armFailpoint(config);
  const state: HostState = { worker: "starting", lastClaims: new Map(), shards: null };
  let connection: NativeConnection | undefined;
  const askTemporal = async (): Promise<unknown> => {
    const asked = connection;
    if (!asked) throw new Error("not connected yet");
    return asked.withDeadline(Date.now() + ASK_TEMPORAL_MS, () => asked.workflowService.getSystemInfo({}));
  };
  const counts = new HostCounts();
  let askBuild: (() => Promise<Metric>) | undefined;
  const readHost = async () => [...counts.metrics(state, new Date()), ...(askBuild ? [await askBuild()] : [])];
  const metrics = () => metricsPage({ readEdge: edge.readMetrics, readSdk: sdk.readMetrics, readHost });
  const health = await serveHealth({ ...config.health, state, askTemporal, metrics, log });

  const [bundle, connected, shards] = await Promise.all([
    storiesFor(config.temporal),
    connectTemporal(config.temporal, sdk, log, stop),
    findShards(edge, config, log, stop),
  ]);
  connection = connected;
  const leftBehind = new LeftBehind();
  if (connected && shards) {
    state.shards = shards;
    askBuild = () => currentBuildMetric(connected, config.temporal, bundle.buildId);
    await registerSearchAttributes(connected, config.temporal.namespace, log);
    const client = new Client({ connection: connected, namespace: config.temporal.namespace });
    const activities = activitiesOf({ config, edge, failpoint, counts, log, client, behind: (work) => leftBehind.add(work) });
    const { taskQueue } = config.temporal;
    const start = rememberingStarts(storyStarter(client, connected, taskQueue));
    const onRunning = (): void => {
      state.worker = "running";
      void sayReady(config, log, bundle.buildId);
    };
    await Promise.all([
      keepWorkerRunning({ connection: connected, temporal: config.temporal, bundle, activities, log, onRunning }, stop),
      ...shards.map((shard) => {
        const onClaim = (events: number): void => {
          state.lastClaims.set(shard, new Date());
          counts.claimed(shard, events);
        };
        const watched = new WatchList();
        const asked = { shard, edge, client, connection: connected, log };
        const commands = commandsOf({ ...asked, onAnswered: (workflowId) => watched.soon(workflowId) });
        return Promise.all([
          runRelay({ shard, edge, start, commands, failpoint, log, onClaim }, stop),
          keepMirror({ ...asked, commands, everyMs: config.mirrorMs }, watched, stop),
        ]);
      }),
      ...shards.map((shard) => {
        const stories = sweptStories({ client, connection: connected, taskQueue });
        return runSweeps({ shard, edge, stories, onFound: (kind) => counts.found(kind), log }, stop);
      }),
      ...[WEBHOOK_PUMP, MAIL_PUMP].flatMap((pump) =>
        shards.map((shard) => keepPumpRunning({ pump, client, connection: connected, taskQueue, shard, log }, stop)),
      ),
    ]);
  }
  await leftBehind.settled(FAREWELL_MS);
  health.close();
  log.info("stopped");
}

type Doing = {
  config: HostConfig;
  edge: Edge;
  failpoint: Failpoint;
  counts: HostCounts;
  log: Log;
  client: Client;
  behind: (work: Promise<void>) => void;
};

function activitiesOf({ config, edge, failpoint, counts, log, client, behind }: Doing): object {
  const send = counts.counting(guardedSend({ allowLoopback: config.allowLoopback }));
  return {
    ...salesActivities({ edge, failpoint }),
    ...licensingActivities({ edge, failpoint }),
    ...webhookActivities({ edge, send, failpoint, log, behind }),
    ...mailActivities({ edge, postman: counts.countingMail(postmanOf(config.mail)), failpoint, log }),
    ...clockActivities({ edge }),
    ...storiesActivities({ edge, stories: clockStories(client), failpoint }),
  };
}

/** Asks the edge for its shards, for ever: a host that starts first waits. Undefined when the signal aborts before. */
async function findShards(edge: Edge, config: HostConfig, log: Log, signal: AbortSignal): Promise<string[] | undefined> {
  for (let failures = 1; !signal.aborted; failures++) {
    try {
      return await edge.listShards(signal);
    } catch (error) {
      if (signal.aborted) break;
      const retryInMs = backoffMs(failures, START_CEILING_MS);
      if (isSaid(failures))
        log.warn("edge_unreachable", { address: config.edge.url.origin, error: messageOf(error), retry_in_ms: retryInMs });
      await pause(retryInMs, signal);
    }
  }
  return undefined;
}

async function sayReady(config: HostConfig, log: Log, buildId: string): Promise<void> {
  if (config.readyFile !== null) await writeFile(config.readyFile, `${process.pid}\n`);
  const { address, namespace, taskQueue } = config.temporal;
  log.info("ready", { ready: true, pid: process.pid, address, namespace, queue: taskQueue, build_id: buildId });
}
