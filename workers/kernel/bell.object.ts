import { DurableObject } from "cloudflare:workers";
import type { Env } from "./env.ts";

/** Wakes those who wait for new rows: one for the events of a shard, one for its deliveries. It holds no facts, so losing it loses nothing. */
export class Bell extends DurableObject {
  #rings = 0;
  #askedAt: number | null = null;
  #waiting = new Set<() => void>();

  /** How often it rang: asked before looking for rows, so that a ring between looking and waiting is not missed. */
  async rings(): Promise<number> {
    this.#askedAt = Date.now();
    return this.#rings;
  }

  /** When somebody last came for rows, in milliseconds since 1970; null since this object woke up. Says whether the worker host is there. */
  async askedAt(): Promise<number | null> {
    return this.#askedAt;
  }

  async ring(): Promise<void> {
    this.#rings++;
    for (const wake of this.#waiting) wake();
  }

  /** Waits until it has rung since `rings` was read, at most `ms`. */
  async waitBeyond(rings: number, ms: number): Promise<void> {
    if (this.#rings !== rings) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
    });
  }
}

/** What a bell is rung for. */
export type BellName = "events" | "deliveries" | "notices";

/** The bell of a shard. */
export function bellOf(env: Env, name: BellName, shard: string): DurableObjectStub<Bell> {
  return env.BELL.get(env.BELL.idFromName(`${name}/${shard}`));
}
