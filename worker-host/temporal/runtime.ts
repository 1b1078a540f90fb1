import { DefaultLogger, Runtime, type LogEntry } from "@temporalio/worker";
import { messageOf, type Log, type LogLevel } from "../log.ts";

/** While Temporal is away the SDK says this for every call and every retry; relay and pump say it once a round. */
const RETRIED_CALL = /^gRPC call \w+ retried \d+ times$/;

/** Makes the Temporal SDK speak through our log, warnings and errors only, and leaves the process's signals to us. Once a process. */
export function installRuntime(log: Log): void {
  const say = (entry: LogEntry): void => {
    if (!RETRIED_CALL.test(entry.message)) log[levelOf(entry)]("temporal_sdk", fieldsOf(entry));
  };
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger("WARN", say),
    telemetryOptions: { logging: { filter: { core: "WARN", other: "ERROR" }, forward: {} } },
  });
}

function levelOf({ level }: LogEntry): LogLevel {
  return level === "ERROR" ? "error" : "warn";
}

function fieldsOf({ message, meta }: LogEntry) {
  const workflowId: unknown = meta?.["workflowId"];
  const error: unknown = meta?.["error"];
  return {
    detail: message,
    ...(typeof workflowId === "string" ? { workflow_id: workflowId } : {}),
    ...(error === undefined ? {} : { error: messageOf(error) }),
  };
}
