import { callerByKeyDigests, knownCallerFrom, knownCallerText, type KnownCaller } from "#db/tenants/callers";
import { COMPARE_AFTER_MS, COMPARED_WITHIN_MS, KNOWN_FOR_MS } from "#rules/hot/bounds";
import { settingsOf } from "#rules/tenants/settings";
import { digests } from "../crypto.ts";
import { databaseOf } from "../shards.ts";
import { countRead } from "../tallies.ts";
import { peppers } from "../vault.ts";
import type { CallerEntry, Memory } from "./memory.ts";
import { questionKey } from "./question-key.ts";
import { fromSecondTier, toSecondTier } from "./second-tier.ts";
import { mayAnswer, once, truth, Unreachable } from "./truth.ts";
import type { Around } from "./view.ts";

/** A caller as it is known, and whether that may still be told as the truth; `stale` = neither feed nor database answers. */
export type CallerKnown = { entry: CallerEntry; stale: boolean };

/**
 * Who holds an API key: from memory where nothing has changed since it was read, else from the second tier or the database. Undefined for a
 * key that nobody has. Throws Unreachable where it cannot be known.
 */
export async function callerBy(memory: Memory, around: Around, shard: string, key: string): Promise<CallerKnown | undefined> {
  const now = around.realNow.getTime();
  const name = questionKey([key]);
  const kept = memory.callers.get(name, now);
  if (kept && (isCurrent(kept, around) || (await isCurrentAfterAsking(kept, around)))) {
    countRead("memory", "api_key", kept.known.tenantId);
    return { entry: kept, stale: false };
  }
  try {
    const joined = memory.flights.has(`caller/${name}`);
    if (joined) mayAnswer(memory, shard, around.realNow);
    const entry = await once(memory.flights, `caller/${name}`, around.waitUntil, () =>
      read(memory, around, shard, key, name, kept),
    );
    if (!entry) return undefined;
    countRead(joined ? "joined" : "d1", "api_key", entry.known.tenantId);
    return { entry, stale: false };
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    const last = kept ?? (await lastKept(memory, around, shard, key, name));
    if (!last || last.view.knowledge.keysHaveChanged(last.stamp, last.known.tenantId)) throw error;
    const { blind_for_s: seconds } = settingsOf(last.known.tenant.settings).validation;
    if (last.view.age(last.readAt, around) > seconds * 1000) throw error;
    return { entry: last, stale: true };
  }
}

/** Whether an entry may be answered from, without waiting for anything. */
export function isCurrent(entry: CallerEntry, around: Around): boolean {
  const sinceRead = around.realNow.getTime() - entry.readAt;
  return (
    // a test clock moves without an event at each step: whose time stands still is asked for it every time
    entry.known.tenant.clockFrozenAt === null &&
    !entry.view.knowledge.keysHaveChanged(entry.stamp, entry.known.tenantId) &&
    entry.view.age(entry.readAt, around) < KNOWN_FOR_MS &&
    sinceRead < COMPARED_WITHIN_MS
  );
}

/** Whether it is due to be compared with the database, behind an answer. */
export function isDue(entry: CallerEntry, around: Around): boolean {
  return around.realNow.getTime() - entry.readAt > COMPARE_AFTER_MS;
}

/** Compares a caller with the database behind an answer. */
export function compareCaller(memory: Memory, around: Around, shard: string, key: string, entry: CallerEntry): void {
  const { name } = entry;
  // filled anew where it is: licenses hold it, and would have it compared by each of their requests
  const comparing = once(memory.flights, `caller/${name}`, around.waitUntil, () => read(memory, around, shard, key, name, entry));
  around.waitUntil(comparing.catch(() => undefined));
}

async function isCurrentAfterAsking(entry: CallerEntry, around: Around): Promise<boolean> {
  if (entry.view.knowledge.keysHaveChanged(entry.stamp, entry.known.tenantId)) return false;
  return (await entry.view.refreshed(entry.readAt, around)) && isCurrent(entry, around);
}

/** Reads who holds a key. Those who hold the entry that there was see what was read now. */
async function read(memory: Memory, around: Around, shard: string, key: string, name: string, before: CallerEntry | undefined) {
  const d1 = databaseOf(around.env, shard);
  if (!d1) return undefined;
  const hashes = await digests(peppers(around.env), "api_key", key);
  const drops = before?.view.knowledge.drops ?? 0;
  const readAt = around.realNow.getTime();
  const known = await truth(memory, shard, around.realNow, () => callerByKeyDigests(d1, hashes));
  if (!known) {
    memory.callers.delete(name);
    if (before) before.readAt = NEVER;
    return undefined;
  }
  toSecondTier(memory, around, tierKey(hashes), JSON.stringify({ readAt, text: knownCallerText(known) }));
  return keep(memory, shard, name, known, { readAt, drops }, before);
}

/** What the second tier kept of a caller: good enough only where nothing else can be asked. */
async function lastKept(
  memory: Memory,
  around: Around,
  shard: string,
  key: string,
  name: string,
): Promise<CallerEntry | undefined> {
  const hashes = await digests(peppers(around.env), "api_key", key);
  const text = await fromSecondTier(around.env, tierKey(hashes));
  if (text === null) return undefined;
  const { readAt, text: known } = JSON.parse(text) as { readAt: number; text: string };
  const caller = knownCallerFrom(known);
  // the shard stands in the key, and a key is of one tenant: what is kept under its digest is that tenant's
  return caller.key.id.startsWith(`key_${shard}`)
    ? keep(memory, shard, name, caller, { readAt, drops: 0 }, undefined)
    : undefined;
}

function keep(
  memory: Memory,
  shard: string,
  name: string,
  known: KnownCaller,
  { readAt, drops }: { readAt: number; drops: number },
  before: CallerEntry | undefined,
): CallerEntry {
  const stamp = { position: known.position, drops };
  if (before) return Object.assign(before, { known, stamp, readAt });
  const view = memory.view(shard);
  const bytes = 1500 + 2 * JSON.stringify([known.tenant.settings, known.key.scopes, known.signingKeys]).length;
  const entry = { name, known, view, stamp, readAt, bytes, usedAt: readAt };
  memory.callers.set(name, entry);
  return entry;
}

/** When an entry was read that nobody may be answered from any more. */
const NEVER = Number.NEGATIVE_INFINITY;

const tierKey = (hashes: readonly string[]) => `caller/2/${hashes[0]}`;
