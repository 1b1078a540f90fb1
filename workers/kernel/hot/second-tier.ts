import type { AskedRow } from "#db/licensing/asked";
import type { Env } from "../env.ts";
import { count } from "../tallies.ts";
import type { Around } from "./view.ts";
import { within } from "../within.ts";

// The second tier holds what was read of the database under the number at which it was read. It may be minutes old, or deny what is there:
// a snapshot of it counts only where the feed knows that nothing of it changed since, so its staleness costs reads and never truth.

/** A license as it is kept: the row that was read, when (real time), and the last invalidation that was known of then. */
export type KeptLicense = { row: AskedRow; readAt: number; drops: number };

/** What of a question finds the row: the digests of key and device, and a hash of what else it says that the row depends on. */
type Question = { keyHash: string; deviceHash: string | null; more: string };

/** The key under which a license is kept for a question. */
export const licenseKeptAs = (tenantId: string, { keyHash, deviceHash, more }: Question) =>
  `license/2/${tenantId}/${keyHash}/${deviceHash ?? ""}/${more}`;

/** A license as the text that is kept. */
export const keptText = (kept: KeptLicense) => JSON.stringify(kept);

const KV_TIMEOUT_MS = 250;
/** Longer than anything kept here may be answered from; shorter would be refused by the platform. */
const KEPT_FOR_S = 24 * 60 * 60;
/** The platform takes one write a second for a key; this many keys are remembered as just written. */
const WRITTEN_EVERY_MS = 20_000;
const MOST_WRITTEN = 5_000;

/** When an isolate wrote which key. */
type Writes = { readonly written: Map<string, number> };

/** What is kept of a key, as text; null where there is nothing, or it does not come in time. */
export async function fromSecondTier(env: Env, key: string): Promise<string | null> {
  count("hot_calls", "kv/awaited");
  return within(env.CACHE.get(key, { cacheTtl: 30 }), KV_TIMEOUT_MS).catch(() => null);
}

/** Keeps a text behind the answer; at most once in twenty seconds a key and isolate. */
export function toSecondTier({ written }: Writes, { env, waitUntil, realNow }: Around, key: string, text: string): void {
  const now = realNow.getTime();
  if (now - (written.get(key) ?? 0) < WRITTEN_EVERY_MS) return;
  if (written.size >= MOST_WRITTEN) written.clear();
  written.set(key, now);
  count("hot_calls", "kv/background");
  waitUntil(env.CACHE.put(key, text, { expirationTtl: KEPT_FOR_S }).catch(() => written.delete(key)));
}

/** Keeps a text now, and waits for it. Throws what KV throws. */
export async function putIntoSecondTier(env: Env, key: string, text: string): Promise<void> {
  await env.CACHE.put(key, text, { expirationTtl: KEPT_FOR_S });
}
