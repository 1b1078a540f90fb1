import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

/** The moments at which a test may kill the host: between two effects, where a crash hurts most. */
export const FAILPOINTS = [
  "relay.claimed", // events are leased, nothing is started
  "relay.started", // stories are started, the events are not marked done
  "fulfillment.read",
  "licenses.issued", // a chunk is committed at the edge, the story does not know
  "order.completed", // the order is fulfilled at the edge, the story does not know
  "operation.stepped", // a part of an operation is committed at the edge, the story does not know
  "operation.finished", // all of it is, the story does not know
  "clock.stepped", // a sandbox's time has moved, the story that is due was not told
  "clock.woken", // it was told
  "delivery.sent", // the endpoint has answered, the answer is not recorded
  "mail.sent", // the mail server has answered, the answer is not recorded
] as const;

export type FailpointName = (typeof FAILPOINTS)[number];

/** Called at each of those moments; dies there when it is the chosen one. */
export type Failpoint = (name: FailpointName) => void;

export function isFailpoint(name: string): name is FailpointName {
  return FAILPOINTS.some((known) => known === name);
}

/** The folder of what a local run keeps: LATCHKEY_HOME, or `.latchkey` in the working folder. */
export function homeFolder(given: string | undefined): string {
  return path.resolve(given ?? ".latchkey");
}

/**
 * Arms the failpoint, if one was chosen: the process ends at once, without a farewell, as by `kill -9`.
 * It does so once: a mark in the home folder keeps the restarted host alive, though it has the same environment.
 */
export function armFailpoint({ failpoint, home }: { failpoint: FailpointName | null; home: string }): Failpoint {
  if (failpoint === null) return () => undefined;
  const mark = path.join(home, `failpoint-${failpoint}`);
  return (name) => {
    if (name !== failpoint || existsSync(mark)) return;
    mkdirSync(home, { recursive: true });
    writeFileSync(mark, `${new Date().toISOString()}\n`);
    process.kill(process.pid, "SIGKILL");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); // nothing more may run until the signal has landed
  };
}
