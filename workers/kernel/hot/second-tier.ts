import type { Env } from "../env.ts";
import { count } from "../tallies.ts";
import type { Around } from "./view.ts";
import { within } from "./within.ts";

// The second tier holds what was read of the database under the number at which it was read. It may be minutes old, or deny what is there:
// a snapshot of it counts only where the feed knows that nothing of it changed since, so its staleness costs reads and never truth.

const KV_TIMEOUT_MS = 250;
/** Longer than anything kept here may be answered from; shorter would be refused by the platform. */
const KEPT_FOR_S = 24 * 60 * 60;
/** The platform takes one write a second for a key; this many keys are remembered as just written. */
const WRITTEN_EVERY_MS = 20_000;
const MOST_WRITTEN = 5_000;

const written = new Map<string, number>();

/** What is kept of a key, as text; null where there is nothing, or it does not come in time. */
export async function fromSecondTier(env: Env, key: string): Promise<string | null> {
  count("hot_calls", "kv/awaited");
  return within(env.CACHE.get(key, { cacheTtl: 30 }), KV_TIMEOUT_MS).catch(() => null);
}

/** Keeps a text behind the answer; at most once in twenty seconds a key and isolate. */
export function toSecondTier({ env, waitUntil, realNow }: Around, key: string, text: string): void {
  const now = realNow.getTime();
  if (now - (written.get(key) ?? 0) < WRITTEN_EVERY_MS) return;
  if (written.size >= MOST_WRITTEN) written.clear();
  written.set(key, now);
  count("hot_calls", "kv/background");
  waitUntil(env.CACHE.put(key, text, { expirationTtl: KEPT_FOR_S }).catch(() => written.delete(key)));
}
