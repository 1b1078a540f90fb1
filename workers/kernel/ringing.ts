import { bellOf, type BellName } from "./bell.object.ts";
import type { Env } from "./env.ts";

/** How often an isolate rings a bell while there is much to tell: who waits looks for all that is there, however often it rang. */
const AT_MOST_EVERY_MS = 20;

/** When each bell was rung last, or will be next. */
const rung = new Map<string, number>();

type Around = { env: Env; waitUntil: (work: Promise<unknown>) => void };

/**
 * Rings a bell behind an answer, for what was committed before: at once where it was silent, else once for all who come within the next
 * milliseconds. One that is lost with the request that was to ring holds nobody up longer than that.
 */
export function ring({ env, waitUntil }: Around, name: BellName, shard: string): void {
  const key = `${name}/${shard}`;
  const now = Date.now();
  const last = rung.get(key) ?? 0;
  const isAhead = last > now && last <= now + AT_MOST_EVERY_MS;
  // it rings for this one too
  if (isAhead) return;
  const waitMs = last <= now ? Math.max(0, last + AT_MOST_EVERY_MS - now) : 0;
  rung.set(key, now + waitMs);
  waitUntil(waitMs === 0 ? bellOf(env, name, shard).ring() : later(waitMs).then(() => bellOf(env, name, shard).ring()));
}

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
