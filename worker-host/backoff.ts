import { setTimeout as sleep } from "node:timers/promises";

/** How long to wait after so many failures in a row: doubles from 100 ms to `ceilingMs`, a random half of it taken off so that hosts spread. */
export function backoffMs(failures: number, ceilingMs = 5_000, random: () => number = Math.random): number {
  const fullMs = Math.min(ceilingMs, 100 * 2 ** Math.min(failures - 1, 20));
  return Math.round(fullMs * (1 - random() / 2));
}

/** The ceiling while a part is waited for at the start: who waits for us should not wait for our backing off. */
export const START_CEILING_MS = 1_000;

/** Whether a failure is said in the log: the 1st, 2nd, 4th, 8th … in a row, so that a long outage does not fill it. */
export function isSaid(failures: number): boolean {
  return Number.isInteger(Math.log2(failures));
}

/** Waits, or returns early when the signal aborts. Never throws. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return;
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
