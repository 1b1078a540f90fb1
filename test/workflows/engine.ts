import path from "node:path";
import { TestWorkflowEnvironment } from "@temporalio/testing";
import { DefaultLogger, NativeConnection, Runtime, Worker } from "@temporalio/worker";
import { findTemporal } from "../../tools/temporal.ts";
import { bundleStories, STORIES } from "../../worker-host/bundle.ts";
import { INDEXED_VALUE_TYPE_KEYWORD, SEARCH_ATTRIBUTES } from "../../worker-host/temporal/search-attributes.ts";

let quiet = false;

/** Lets the SDK say errors only. Once a process, before the first connection. */
export function quietRuntime(): void {
  if (!quiet)
    Runtime.install({
      logger: new DefaultLogger("ERROR"),
      telemetryOptions: { logging: { filter: { core: "ERROR" }, forward: {} } },
    });
  quiet = true;
}

/** A Temporal server whose clock jumps to the next timer while somebody waits for a result. */
export async function timeSkippingServer(): Promise<TestWorkflowEnvironment> {
  quietRuntime();
  const server = { executable: { type: "existing-path" as const, path: await findTemporal({ kind: "test-server" }) } };
  const environment = await TestWorkflowEnvironment.createTimeSkipping({ server });
  // this server can add search attributes, but not list them
  const searchAttributes = Object.fromEntries(Object.keys(SEARCH_ATTRIBUTES).map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD]));
  await environment.nativeConnection.operatorService.addSearchAttributes({ namespace: "default", searchAttributes });
  return environment;
}

/** The real stories, or those of a file beside this one, ready for a worker. */
export async function storiesOf(file?: string): Promise<{ code: string }> {
  const { code } = await bundleStories(file === undefined ? STORIES : path.join(import.meta.dirname, file));
  return { code };
}

type Engine = { nativeConnection: NativeConnection };

/** A worker that runs until it is stopped. One a file: while a worker ends, its local activities' time-outs make the SDK print panics. */
export async function startWorker({ nativeConnection }: Engine, how: { code: string; activities: object; identity?: string }) {
  const taskQueue = "latchkey";
  const { code, ...options } = how;
  const worker = await Worker.create({ connection: nativeConnection, taskQueue, workflowBundle: { code }, ...options });
  const running = worker.run();
  const stop = async (): Promise<void> => {
    worker.shutdown();
    await running;
  };
  return { taskQueue, stop };
}
