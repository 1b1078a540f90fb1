import { once } from "node:events";
import net from "node:net";
import { IllegalStateError } from "@temporalio/common";
import { DefaultLogger, Runtime, type LogEntry, type RuntimeOptions } from "@temporalio/worker";
import { messageOf, type Log, type LogLevel } from "../log.ts";

/** While Temporal is away the SDK says this for every call and every retry; relay and pump say it once a round. */
const RETRIED_CALL = /^gRPC call \w+ retried \d+ times$/;
/** The SDK says "Address already in use" where somebody else took the port meanwhile: then another is asked for. */
const PORTS_TRIED = 5;
const READ_MS = 2_000;

/** The part of the Temporal SDK that lives once in a process, below every connection and worker. */
export type SdkRuntime = {
  /** Sees to it that it is there. To be called before each connecting: it ends by itself with the last connection, a failed one too. */
  begin: () => Promise<void>;
  /** What the SDK counted, in Prometheus' text format; empty where it does not answer. */
  readMetrics: () => Promise<string>;
};

/** Makes the Temporal SDK speak through our log, warnings and errors only, count for our page of metrics, and leave the process's signals to us. */
export function sdkRuntime(log: Log): SdkRuntime {
  let port: number | null = null;
  return {
    begin: async () => {
      for (let left = PORTS_TRIED; ; left--) {
        const free = await freePort();
        try {
          Runtime.install(optionsOf(log, free));
          port = free;
          return;
        } catch (error) {
          if (error instanceof IllegalStateError) return; // it is there
          if (left <= 1 || !/already in use/i.test(messageOf(error))) throw error;
        }
      }
    },
    readMetrics: async () => {
      if (port === null) return "";
      const page = fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(READ_MS) });
      return page.then(
        (answer) => (answer.ok ? answer.text() : ""),
        () => "",
      );
    },
  };
}

/** A port of this machine alone that nobody listens on: the SDK's page has no key, and is read by us. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const bound = server.address();
  server.close();
  await once(server, "close");
  if (typeof bound !== "object" || !bound) throw new Error("The system gave no port for the SDK's metrics.");
  return bound.port;
}

function optionsOf(log: Log, port: number): RuntimeOptions {
  const say = (entry: LogEntry): void => {
    if (!RETRIED_CALL.test(entry.message)) log[levelOf(entry)]("temporal_sdk", fieldsOf(entry));
  };
  return {
    shutdownSignals: [],
    logger: new DefaultLogger("WARN", say),
    telemetryOptions: {
      logging: { filter: { core: "WARN", other: "ERROR" }, forward: {} },
      metrics: {
        attachServiceName: false,
        // as Prometheus names things: counters end in _total, durations are seconds
        prometheus: {
          bindAddress: `127.0.0.1:${port}`,
          countersTotalSuffix: true,
          unitSuffix: true,
          useSecondsForDurations: true,
        },
      },
    },
  };
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
