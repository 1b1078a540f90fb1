import { setTimeout as sleep } from "node:timers/promises";

/** What rounds of deliveries have left under way: slow endpoints, and the recording of how they answered. */
export class LeftBehind {
  readonly #all = new Set<Promise<void>>();

  /** `work` must not reject. */
  add(work: Promise<void>): void {
    const tracked = work.finally(() => this.#all.delete(tracked));
    this.#all.add(tracked);
  }

  /** Waits until all of it has ended, at most `ms`: what has not is sent again by whoever comes next, under the same id. */
  async settled(ms: number): Promise<void> {
    const enough = new AbortController();
    await Promise.race([Promise.all(this.#all), sleep(ms, undefined, { signal: enough.signal }).catch(() => undefined)]);
    enough.abort();
  }
}
