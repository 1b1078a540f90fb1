import { defineSignal, setHandler, sleep } from "@temporalio/workflow";
import { onClock, type StoryClock } from "../../../workflows/clock.ts";
import { story } from "../../../workflows/story.ts";

export const interrupt = defineSignal("interrupt");

/** Waits for each instant in turn, and tells how each wait ended; `lingerMs` keeps it running after the last. */
export async function waitForInstants(clock: StoryClock, instants: string[], lingerMs = 0): Promise<string[]> {
  let interrupted = false;
  setHandler(interrupt, () => void (interrupted = true));
  return story("Waiting", (telling) =>
    onClock(clock, async () => {
      const ends: string[] = [];
      for (const at of instants) ends.push(await telling.untilInstant(clock, new Date(at), "an instant", () => interrupted));
      if (lingerMs > 0) await sleep(lingerMs);
      return ends;
    }),
  );
}
