import { setTimeout as sleep } from "node:timers/promises";

/** How long to wait after so many failures in a row: doubles from 100 ms to `ceilingMs`, a random half of it taken off so that hosts spread. */
export function backoffMs(failures: number, ceilingMs = 5_000, random: () => number = Math.random): number {
  const fullMs = Math.min(ceilingMs, 100 * 2 ** Math.min(failures - 1, 20));
  return Math.round(fullMs * (1 - random() / 2));
}

/** Waits, or returns early when the signal aborts. Never throws. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return;
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
