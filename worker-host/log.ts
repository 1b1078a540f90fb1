/** Everything a log line may say. What is not listed here cannot be logged: no bodies, no keys, no addresses of people. */
const FIELDS = [
  "part",
  "detail",
  "error",
  "code",
  "status",
  "variable",
  "shard",
  "tenant_id",
  "event_id",
  "event_type",
  "workflow_id",
  "order_id",
  "delivery_id",
  "endpoint_id",
  "attempt",
  "count",
  "duration_ms",
  "retry_in_ms",
  "address",
  "namespace",
  "queue",
  "build_id",
  "port",
  "pid",
  "ready",
  "signal",
] as const;

export type LogFields = Partial<Record<(typeof FIELDS)[number], string | number | boolean | null>>;
export type LogLevel = "info" | "warn" | "error";

/** Says what happened: `event` is one lower_snake word group, the fields say to what. */
export type Log = Record<LogLevel, (event: string, fields?: LogFields) => void>;

/** Longer texts are cut: an error of somebody else's may quote a whole document. */
const LONGEST_TEXT = 500;

/** Writes one JSON object a line. Fields that are not on the list are dropped, also when the type was circumvented. */
export function openLog(write: (line: string) => void = (line) => void process.stdout.write(line)): Log {
  const line =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      const said: Record<string, unknown> = { at: new Date().toISOString(), level, event };
      for (const field of FIELDS) {
        const value = fields[field];
        if (value !== undefined) said[field] = typeof value === "string" ? value.slice(0, LONGEST_TEXT) : value;
      }
      write(`${JSON.stringify(said)}\n`);
    };
  return { info: line("info"), warn: line("warn"), error: line("error") };
}

/** What an error says, with what caused it, in one text that fits a log line. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error && error.cause.message !== "" ? `: ${error.cause.message}` : "";
  return `${error.message}${cause}`;
}
