/**
 * A worker with the real activities, as a process of its own that a test kills. It plays many runs side by side, each against its own stand-in of the
 * edge, and holds each of them at the point where it is to die: when all have come there, one `kill -9` ends them all.
 */
import { readFileSync } from "node:fs";
import { Context } from "@temporalio/activity";
import { NativeConnection, Worker, type InjectedSinks } from "@temporalio/worker";
import { openEdge } from "../../../worker-host/edge/client.ts";
import { edgeRoutes } from "../../../worker-host/edge/routes.ts";
import { openLog } from "../../../worker-host/log.ts";
import { postmanOf } from "../../../worker-host/mail/postman.ts";
import { guardedSend } from "../../../worker-host/outbound/send.ts";
import { quietRuntime } from "../engine.ts";
import { allPlays, type Play } from "../play.ts";
import type { CrossingSinks } from "./crossing.ts";

/** What the worker is told before a run begins. */
export type RunOrder = {
  workflowId: string;
  play: string;
  edge: { url: string; secret: string };
  point: string | null;
  queue: string;
};
/** What it tells: that it polls, knows its runs, and what a run has come to. */
export type Told =
  | { kind: "running" | "ready" }
  | { kind: "passed"; workflowId: string; point: string; isMoment: boolean }
  | { kind: "reached"; workflowId: string };

type Running = RunOrder & {
  activities: Record<string, (...args: unknown[]) => unknown>;
  held: boolean;
  isSameTurn: boolean;
  counts: Map<string, number>;
};

const AT_ONCE = 1_000;
const tell = (told: Told): void => void process.send?.(told);
const runs = new Map<string, Running>();
const plays = await allPlays();
const log = openLog(() => undefined);
const means = {
  send: guardedSend({ allowLoopback: true }),
  postman: postmanOf({
    kind: "smtp",
    host: "127.0.0.1",
    port: Number(process.env["SMTP_PORT"]),
    implicitTls: false,
    requireTls: false,
    auth: null,
    from: "licenses@vendor.example",
    fromDomains: [],
  }),
  failpoint: () => undefined,
  log,
  roundMs: 100,
};

process.on("message", (message: RunOrder["queue"] | RunOrder[]) => {
  if (typeof message === "string") return void work(message);
  for (const order of message)
    runs.set(order.workflowId, { ...order, activities: activitiesOf(order), held: false, isSameTurn: false, counts: new Map() });
  tell({ kind: "ready" });
});

/** A run has come to a point. Never answers where it is to die, nor after that. */
async function pass(workflowId: string, site: string, moment: string): Promise<void> {
  const run = runs.get(workflowId);
  if (!run) return;
  const count = (run.counts.get(`${site}/${moment}`) ?? 0) + 1;
  run.counts.set(`${site}/${moment}`, count);
  const point = `${site}/${count}/${moment}`;
  if (!run.held) tell({ kind: "passed", workflowId, point, isMoment: !run.isSameTurn || moment === "set" });
  // what a story does in one turn leaves the worker at once, when the turn is over
  if (!run.isSameTurn) setImmediate(() => (run.isSameTurn = false));
  run.isSameTurn = true;
  if (run.point === point && !run.held) {
    run.held = moment !== "set"; // while it waits for a timer, nothing is under way
    tell({ kind: "reached", workflowId });
  }
  if (run.held) await new Promise(() => undefined);
}

function activitiesOf({ play, edge }: RunOrder): Running["activities"] {
  const routes = edgeRoutes(
    openEdge({ url: new URL(edge.url), secret: { kid: 1, bytes: Buffer.from(edge.secret, "base64url") } }),
  );
  return (plays.get(play) as Play).activities({ ...means, edge: routes }) as Running["activities"];
}

/** The activities of all plays: each call goes to those of its run, and passes a point when its effect is there and nobody knows. */
function activities(): object {
  const unused = { url: "http://127.0.0.1:1", secret: Buffer.alloc(32).toString("base64url") };
  const names = [...plays.keys()].flatMap((play) =>
    Object.keys(activitiesOf({ play, edge: unused, workflowId: "", point: null, queue: "" })),
  );
  const dispatched = async (name: string, args: unknown[]): Promise<unknown> => {
    const { workflowId } = Context.current().info.workflowExecution ?? { workflowId: "" };
    const answer = await runs.get(workflowId)?.activities[name]?.(...args);
    await pass(workflowId, name, "done");
    return answer;
  };
  return Object.fromEntries(names.map((name) => [name, (...args: unknown[]) => dispatched(name, args)]));
}

async function work(taskQueue: string): Promise<void> {
  quietRuntime();
  const connection = await NativeConnection.connect({ address: String(process.env["TEMPORAL_ADDRESS"]) });
  const sinks: InjectedSinks<CrossingSinks> = {
    crossings: { at: { fn: (info, site, side) => pass(info.workflowId, site, side), callDuringReplay: false } },
  };
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: { code: readFileSync(String(process.env["STORIES_FILE"]), "utf8") },
    activities: activities(),
    sinks,
    identity: "recorder",
    stickyQueueScheduleToStartTimeout: "1 second",
    maxCachedWorkflows: AT_ONCE,
    maxConcurrentWorkflowTaskExecutions: AT_ONCE,
    maxConcurrentLocalActivityExecutions: AT_ONCE,
    maxConcurrentActivityTaskExecutions: AT_ONCE,
  });
  const running = worker.run();
  tell({ kind: "running" });
  await running;
}
