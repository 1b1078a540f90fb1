import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { Client, WorkflowFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { bundleWorkflowCode, DefaultLogger, NativeConnection } from "@temporalio/worker";
import { startMailSink } from "../../../simulators/mail/server.ts";
import { openLog } from "../../../worker-host/log.ts";
import { registerSearchAttributes } from "../../../worker-host/temporal/search-attributes.ts";
import { edgeStandIn, until } from "../../host/edge-stand-in.ts";
import { devServer, freePort, newFolder } from "../../host/processes.ts";
import { receiver, type Receiver } from "../../host/receiver.ts";
import { quietRuntime } from "../engine.ts";
import type { Ask, Play, Scene, Signal, Way, World } from "../play.ts";
import type { TimerMemo } from "./interceptors.ts";
import type { RunOrder, Told } from "./mortal-worker.ts";

/** One run of a story: in one of its ways, and killed at one point, or at none. */
export type Run = {
  name: string;
  way: Way;
  play: Play;
  point: string | null;
  scene: Scene;
  order: RunOrder;
  /** Every point that it came to, in this order. */
  passed: string[];
  /** Those of them at which a crash is not the same as at the one before: between the two something has left the worker. */
  moments: string[];
  reached: boolean;
  /** Its first execution, where it continues as new. */
  firstRunId: string;
  close: () => Promise<void>;
};

/** A worker's process, and what it told that was not heard yet. */
export type Worker = { child: ChildProcess; told: Told[] };
export type Theatre = Awaited<ReturnType<typeof openTheatre>>;

const PATIENCE_MS = 30_000;
const TIMER_POINT = /^timer\/(\d+)\/set$/;
const LOADER = path.join(import.meta.dirname, "loader.ts");
const ROOT = path.join(import.meta.dirname, "..", "..", "..");

/** Bundles the stories for the theatre: their timers obey a run's memo, and with `heard` each of their awaits tells of itself. */
export async function bundleForTheatre({ heard }: { heard: boolean }): Promise<string> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(import.meta.dirname, "..", "code", "recorded.ts"),
    workflowInterceptorModules: [path.join(import.meta.dirname, "interceptors.ts")],
    logger: new DefaultLogger("ERROR"),
    webpackConfigHook: (config) => {
      if (heard)
        config.module?.rules?.push({ test: /\.ts$/, include: path.join(ROOT, "workflows"), enforce: "pre", use: LOADER });
      return config;
    },
  });
  return code;
}

/** A server that listens may not answer yet. */
async function connected(address: string): Promise<NativeConnection> {
  const opened: NativeConnection[] = [];
  await until("the server answers", async () => {
    await NativeConnection.connect({ address }).then(
      (connection) => opened.push(connection),
      () => undefined,
    );
    return opened.length > 0;
  });
  return opened[0] as NativeConnection;
}

/** A real Temporal server on which many runs are played at once, by workers that may be killed. */
export async function openTheatre(code: string) {
  quietRuntime();
  const [port, folder] = [await freePort(), newFolder()];
  const address = `127.0.0.1:${port}`;
  const storiesFile = path.join(folder, "stories.js");
  writeFileSync(storiesFile, code);
  const sink = await startMailSink({ port: 0, smtpPort: 0 });
  const temporal = await devServer({ port, folder, settings: ["limit.historyCount.suggestContinueAsNew=20"] });
  const connection = await connected(address);
  await registerSearchAttributes(
    connection,
    "default",
    openLog(() => undefined),
  );
  const client = new Client({ connection, identity: "recorder" });
  const env = { ...process.env, TEMPORAL_ADDRESS: address, STORIES_FILE: storiesFile, SMTP_PORT: new URL(sink.smtpUrl).port };
  const workers: Worker[] = [];

  return {
    client,
    /** A worker that has loaded everything and waits to be put to work. */
    hire(): Worker {
      const child = fork(path.join(import.meta.dirname, "mortal-worker.ts"), {
        env,
        stdio: ["ignore", "ignore", "inherit", "ipc"],
      });
      const worker: Worker = { child, told: [] };
      child.on("message", (told: Told) => void worker.told.push(told));
      workers.push(worker);
      return worker;
    },
    async close(): Promise<void> {
      await Promise.all(workers.map(kill));
      await connection.close();
      await Promise.all([temporal.stop(), sink.close()]);
    },
  };
}

/** Ends a worker as a power cut would. */
export async function kill({ child }: Worker): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Tells a worker of its runs, and sets it to work. */
export async function work(worker: Worker, runs: readonly Run[]): Promise<void> {
  const said = (kind: Told["kind"]) => () => worker.told.some((told) => told.kind === kind);
  const queue = runs[0]?.order.queue;
  if (queue === undefined) return;
  worker.child.send(runs.map(({ order }) => order));
  await until("the worker knows its runs", said("ready"), PATIENCE_MS);
  worker.child.send(queue);
  await until("the worker runs", said("running"), PATIENCE_MS);
}

let runs = 0;

/** Prepares a run: a world of its own, and the story's beginning in it. Those on one queue are played, and die, together. */
export async function prepare(name: string, play: Play, way: string, at: { point: string | null; queue: string }): Promise<Run> {
  const { point } = at;
  const edge = await edgeStandIn({ leaseMs: 1_000, retryMs: 200 });
  const endpoints: Receiver[] = [];
  const workflowId = `${name}.${way}/${++runs}`;
  const endpoint: World["endpoint"] = async () => {
    const opened = await receiver();
    endpoints.push(opened);
    return opened;
  };
  const chosen = play.ways[way] as Way;
  const scene = await chosen.begin({ edge, endpoint, workflowId });
  return {
    name: `${name}.${way}`,
    play,
    way: chosen,
    point,
    scene,
    order: { workflowId, play: name, edge: { url: edge.url.origin, secret: edge.secret.bytes.toString("base64url") }, ...at },
    passed: [],
    moments: [],
    reached: false,
    firstRunId: "",
    close: async () => void (await Promise.all([edge.close(), ...endpoints.map((each) => each.close())])),
  };
}

/** Starts a run. `restarted` is settled when the host that is to die has been replaced. */
export async function begin({ client }: Theatre, run: Run, restarted: Promise<void>): Promise<{ story: Promise<void> }> {
  const held = Number(TIMER_POINT.exec(run.point ?? "")?.[1] ?? 0);
  const handle = await client.workflow.start(run.play.workflow, {
    taskQueue: run.order.queue,
    workflowId: run.order.workflowId,
    args: run.scene.args,
    workflowTaskTimeout: run.point === null ? "30 seconds" : "5 seconds",
    memo: { timers: run.way.timers, held } satisfies TimerMemo,
  });
  run.firstRunId = handle.firstExecutionRunId;
  const signal: Signal = async (...told) => {
    // a run that is to die while it waits must not be told what ends its wait
    if (held > 0 && run.reached) await restarted;
    await handle.signal(...told);
  };
  let asked = 0;
  const ask: Ask = async (what) => {
    if (held > 0 && run.reached) await restarted;
    // refused while there is nothing to skip yet, and in vain while the host is dead
    const agreed = () =>
      handle.executeUpdate(what, { updateId: `${what}-${++asked}` }).then(
        () => true,
        () => false,
      );
    await until(`${run.name} agrees to ${what}`, agreed, PATIENCE_MS);
  };
  return { story: run.scene.meanwhile?.(signal, ask) ?? Promise.resolve() };
}

/** Reads what a worker has told since it was last heard into its runs. */
export function hear(worker: Worker, of: readonly Run[]): void {
  const byId = new Map(of.map((run) => [run.order.workflowId, run]));
  for (const told of worker.told.splice(0)) {
    if (!("workflowId" in told)) continue;
    const run = byId.get(told.workflowId);
    if (told.kind === "reached" && run) run.reached = true;
    if (told.kind === "passed") run?.passed.push(told.point);
    if (told.kind === "passed" && told.isMoment) run?.moments.push(told.point);
  }
}

/** How a run ends, in the words of a play. */
export async function endOf(run: Run, theatre: Theatre): Promise<Way["end"]> {
  const handle = theatre.client.workflow.getHandle(run.order.workflowId);
  const { enough, rows } = run.scene;
  if (enough) {
    await until(`${run.name} has done all`, enough, PATIENCE_MS);
    await handle.terminate();
    return { result: "runs", rows: rows() };
  }
  const ms = PATIENCE_MS;
  const late = new Promise((resolve) => setTimeout(() => resolve("late"), ms));
  const result: unknown = await Promise.race([late, handle.result()]).catch((error: unknown) => {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return { failed: typeOf(error) };
  });
  return { result, rows: rows() };
}

function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ApplicationFailure) return error.type ?? error.message;
  return error.cause ? typeOf(error.cause) : error.message;
}
