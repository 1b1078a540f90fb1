import { DefaultLogger, Runtime, type LogEntry } from "@temporalio/worker";
import { messageOf, type Log, type LogLevel } from "../log.ts";

/** Makes the Temporal SDK speak through our log, warnings and errors only, and leaves the process's signals to us. Once a process. */
export function installRuntime(log: Log): void {
  Runtime.install({
    shutdownSignals: [],
    logger: new DefaultLogger("WARN", (entry) => log[levelOf(entry)]("temporal_sdk", fieldsOf(entry))),
    telemetryOptions: { logging: { filter: { core: "ERROR", other: "ERROR" }, forward: {} } },
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
