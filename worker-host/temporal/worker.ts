import { Worker, type NativeConnection, type WorkerOptions } from "@temporalio/worker";
import { backoffMs, pause } from "../backoff.ts";
import type { StoriesBundle } from "../bundle.ts";
import type { TemporalConfig } from "../config.ts";
import { messageOf, type Log } from "../log.ts";

export type WorkerParts = {
  connection: NativeConnection;
  temporal: TemporalConfig;
  bundle: StoriesBundle;
  activities: object;
  log: Log;
  onRunning: () => void;
};

/** Running activities get this long to come to an end before the worker lets go of them. */
const FORCE_MS = 7_000;

/** Runs a worker until the signal aborts. One that dies, since Temporal refuses it or is gone too long, is followed by another. */
export async function keepWorkerRunning(parts: WorkerParts, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      await runWorker(parts, signal);
    } catch (error) {
      failures = performance.now() - startedAt > 60_000 ? 1 : failures + 1;
      const retryInMs = backoffMs(failures);
      parts.log.error("worker_died", { error: messageOf(error), retry_in_ms: retryInMs });
      await pause(retryInMs, signal);
    }
  }
}

async function runWorker(parts: WorkerParts, signal: AbortSignal): Promise<void> {
  const worker = await Worker.create(workerOptions(parts));
  const shutDown = (): void => {
    if (worker.getState() === "RUNNING") worker.shutdown();
  };
  signal.addEventListener("abort", shutDown, { once: true });
  try {
    const running = worker.run();
    parts.onRunning();
    if (signal.aborted) shutDown();
    await running;
  } finally {
    signal.removeEventListener("abort", shutDown);
  }
}

function workerOptions({ connection, temporal, bundle, activities }: WorkerParts): WorkerOptions {
  const version = { buildId: bundle.buildId, deploymentName: temporal.deployment ?? "latchkey" };
  return {
    connection,
    namespace: temporal.namespace,
    taskQueue: temporal.taskQueue,
    workflowBundle: { code: bundle.code },
    activities,
    shutdownGraceTime: 0, // activities hear at once that we stop: the long one ends its round, the others are short
    shutdownForceTime: FORCE_MS,
    // a deployment is promoted by hand or by CI (`temporal worker deployment set-current-version`), so it is asked for, never assumed
    workerDeploymentOptions:
      temporal.deployment === null
        ? { version, useWorkerVersioning: false }
        : { version, useWorkerVersioning: true, defaultVersioningBehavior: "PINNED" },
  };
}
