import { openLog, type Log } from "../../worker-host/log.ts";

/** The host's own log, kept in memory for a test to read. */
export function keptLog(): { log: Log; lines: string[]; events: () => string[] } {
  const lines: string[] = [];
  const events = (): string[] => lines.map((line) => String(/"event":"([^"]+)"/.exec(line)?.[1]));
  return { log: openLog((line) => void lines.push(line)), lines, events };
}
