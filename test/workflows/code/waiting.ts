import { defineSignal, setHandler, sleep } from "@temporalio/workflow";
import { onClock, untilInstant, type StoryClock } from "../../../workflows/clock.ts";

export const interrupt = defineSignal("interrupt");

/** Waits for each instant in turn, and tells how each wait ended; `lingerMs` keeps it running after the last. */
export async function waitForInstants(clock: StoryClock, instants: string[], lingerMs = 0): Promise<string[]> {
  let interrupted = false;
  setHandler(interrupt, () => void (interrupted = true));
  return onClock(clock, async () => {
    const ends: string[] = [];
    for (const at of instants) ends.push(await untilInstant(clock, new Date(at), () => interrupted));
    if (lingerMs > 0) await sleep(lingerMs);
    return ends;
  });
}
