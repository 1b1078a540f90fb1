import { askedFrom, askedOf, type Asked, type AskedRow } from "#db/licensing/asked";
import { COMPARE_AFTER_MS, COMPARED_WITHIN_MS, KNOWN_FOR_MS, REUSED_FOR_MS } from "#rules/hot/bounds";
import type { Stamp, Subjects } from "#rules/hot/knowledge";
import { coreLimits, isTrial, seatLimits, userLimits } from "#rules/licensing/terms";
import { businessNow } from "../clock.ts";
import { databaseOf } from "../shards.ts";
import type { CallerEntry, LicenseEntry, Memory } from "./memory.ts";
import { fromSecondTier, type KeptLicense, keptText, toSecondTier } from "./second-tier.ts";
import { mayAnswer, once, truth, TRUTH_TIMEOUT_MS, Unreachable } from "./truth.ts";
import type { Around } from "./view.ts";
import { within } from "../within.ts";

/** How a question finds its license. */
export type Source = {
  /** where the second tier may keep it; null = it may not */
  tier: string | null;
  version?: string | undefined;
  /** a device asks by its fingerprint: one that holds no seat is refused, so what is found for it is not worth keeping */
  byDevice?: boolean;
  /** what else it says, users and versions, as one word: how many of them are kept of a license is bounded */
  way?: string;
  user?: string | undefined;
  row: (asked: ReturnType<typeof askedOf>, at: Date) => Promise<AskedRow | null>;
  /** whether the asker may have it: the token is genuine */
  accepts?: (asked: Asked) => Promise<boolean>;
};

/** Where an answer came from. */
export type Tier = "memory" | "kv" | "d1";

/**
 * A license as it is known; `stale` = neither the feed nor the database could be asked whether it still is so, `joined` = another request had
 * begun to read it.
 */
export type LicenseKnown = { entry: LicenseEntry; tier: Tier; stale: boolean; joined?: boolean };

/** Where a license is looked for, and by whom; `from` is the address that it is asked from. */
export type Room = { memory: Memory; around: Around; caller: CallerEntry; shard: string; from: string | null; arrival: number };

/**
 * A license for a question that memory answers without waiting for anything; undefined where it does not. What is due to be compared with the
 * database is compared behind the answer.
 */
export function licenseAtOnce(room: Room, name: string, sourceOf: () => Promise<Source>): LicenseKnown | undefined {
  const { memory, around } = room;
  const kept = keptFor(room, memory.licenses.get(name, around.realNow.getTime()));
  if (!kept || !isCurrent(kept, around)) return undefined;
  if (isDue(kept, around)) around.waitUntil(compare(room, name, sourceOf));
  return { entry: kept, tier: "memory", stale: false };
}

/** Where addresses are shut out, what was found for one says nothing about another. */
const keptFor = ({ from }: Room, entry: LicenseEntry | undefined) =>
  entry && (entry.from === undefined || entry.from === from) ? entry : undefined;

/**
 * A license for a question that memory does not answer at once: from there once the feed says that nothing changed, else from the second tier
 * or the database. `source` is only called where it has to be read. Undefined where there is none; throws Unreachable where that cannot be known.
 */
export async function licenseFor(room: Room, name: string, sourceOf: () => Promise<Source>): Promise<LicenseKnown | undefined> {
  const { memory, around } = room;
  const kept = keptFor(room, memory.licenses.peek(name));
  if (kept && !hasChanged(kept) && (await kept.caller.view.refreshed(kept.readAt, around)) && isCurrent(kept, around))
    return { entry: kept, tier: "memory", stale: false };
  const source = await sourceOf();
  try {
    const flight = flightOf(room, name);
    const joined = memory.flights.has(flight);
    if (joined) mayAnswer(memory, room.shard, around.realNow);
    const found = await once(memory.flights, flight, around.waitUntil, () => readEither(room, name, source));
    // what another request had begun to read may be older than what is known by now
    if (found && hasChanged(found.entry)) return await licenseConfirmed(room, name, sourceOf);
    return found && { ...found, stale: false, joined };
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    const last = kept ?? (await secondTier(room, name, source))?.entry;
    // what is known to have changed is no longer known at all
    if (!last || hasChanged(last)) throw error;
    return { entry: last, tier: "memory", stale: true };
  }
}

/**
 * The same as the database has it now: read after the question came, so that no refusal is answered from before a good deed. Of many that
 * ask at once one reads for those who came before it began.
 */
export async function licenseConfirmed(
  room: Room,
  name: string,
  sourceOf: () => Promise<Source>,
): Promise<LicenseKnown | undefined> {
  const { memory, around } = room;
  const flight = `${flightOf(room, name)}!`;
  const running = memory.flights.get(flight);
  // it began before this question came: what it brings may be older than what the asker knows
  if (running) await within(running, TRUTH_TIMEOUT_MS).catch(() => undefined);
  const source = await sourceOf();
  const entry = await once(memory.flights, flight, around.waitUntil, () => readTruth(room, name, source));
  return entry && { entry, tier: "d1", stale: false };
}

/** Whether an entry may be answered from without waiting for anything. */
function isCurrent(entry: LicenseEntry, around: Around): boolean {
  return (
    !hasChanged(entry) &&
    entry.caller.view.age(entry.readAt, around) < KNOWN_FOR_MS &&
    around.realNow.getTime() - entry.readAt < comparedWithinMs(entry)
  );
}

const hasChanged = (entry: LicenseEntry) => entry.caller.view.knowledge.hasChanged(entry.stamp, entry.subjects);

/** Whom others crowd out is told of it, until their leases end, which no event tells: such an entry is compared more often. */
const comparedWithinMs = ({ crowded }: LicenseEntry) => (crowded ? REUSED_FOR_MS : COMPARED_WITHIN_MS);

function isDue(entry: LicenseEntry, around: Around): boolean {
  return !entry.crowded && around.realNow.getTime() - entry.readAt > COMPARE_AFTER_MS;
}

/** Compares an entry with the database behind an answer; for each license one compares. */
async function compare(room: Room, name: string, sourceOf: () => Promise<Source>): Promise<void> {
  const { memory, around } = room;
  const flight = `${flightOf(room, name)}!`;
  if (memory.flights.has(flight)) return;
  const source = await sourceOf();
  await once(memory.flights, flight, around.waitUntil, () => readTruth(room, name, source)).catch(() => undefined);
}

async function readEither(room: Room, name: string, source: Source): Promise<{ entry: LicenseEntry; tier: Tier } | undefined> {
  const { around, caller } = room;
  const { view } = caller;
  // without knowledge of the changes what the second tier holds may be anything
  if (source.tier !== null && view.knowledge.isOpen && view.age(0, around) < KNOWN_FOR_MS) {
    const kept = await secondTier(room, name, source);
    if (kept && isCurrent(kept.entry, around)) return kept;
  }
  const entry = await readTruth(room, name, source);
  return entry && { entry, tier: "d1" };
}

async function readTruth(room: Room, name: string, source: Source): Promise<LicenseEntry | undefined> {
  const { memory, around, caller, shard } = room;
  const d1 = databaseOf(around.env, shard);
  if (!d1) throw new Unreachable("The tenant's database is not bound");
  const { drops } = caller.view.knowledge;
  const readAt = around.realNow.getTime();
  const at = businessNow(around.realNow, caller.known.tenant);
  const row = await truth(memory, shard, around.realNow, () => source.row(askedOf({ d1, tenantId: caller.known.tenantId }), at));
  if (row === null) {
    memory.licenses.delete(name);
    return undefined;
  }
  const isKept = row.ranges === 0 && isWorthKeeping(room, source, row);
  if (source.tier !== null && isKept) toSecondTier(memory, around, source.tier, keptText({ row, readAt, drops }));
  return keep(room, name, source, { row, readAt, drops }, at, room.arrival);
}

async function secondTier(room: Room, name: string, source: Source): Promise<{ entry: LicenseEntry; tier: Tier } | undefined> {
  const { around, caller } = room;
  const text = source.tier === null ? null : await fromSecondTier(around.env, source.tier);
  if (text === null) return undefined;
  const kept = JSON.parse(text) as KeptLicense;
  const at = businessNow(new Date(kept.readAt), caller.known.tenant);
  const entry = await keep(room, name, source, kept, at, NEVER);
  return entry && { entry, tier: "kv" };
}

/** Of what the second tier held nobody knows by when it was read. */
const NEVER = -1;

async function keep(room: Room, name: string, source: Source, { row, readAt, drops }: KeptLicense, at: Date, arrival: number) {
  const { memory, caller } = room;
  const asked = askedFrom(row, { at, version: source.version });
  if (source.accepts && !(await source.accepts(asked))) return undefined;
  const { terms, counts, activation, license, product } = asked.snapshot;
  const stamp: Stamp = { position: row.position, drops };
  const crowded =
    beyond(seatLimits(terms).limit, counts.held) ||
    beyond(coreLimits(terms).limit, counts.cores.used) ||
    beyond(userLimits(terms).limit, counts.users.used);
  const subjects: Subjects = {
    tenantId: caller.known.tenantId,
    licenseId: asked.license.id,
    productId: product.id,
    activationId: activation?.id ?? null,
    sharesLimits: crowded || terms.overage.mode !== "none",
    onTrial: isTrial(terms) && license.convertedAt === null,
  };
  const entry: LicenseEntry = {
    caller,
    asked,
    stamp,
    subjects,
    crowded,
    readAt,
    arrival,
    from: row.ranges === 0 ? undefined : room.from,
    usages: null,
    answered: null,
    // strings take two bytes a character at worst, and what is parsed of them about as much again
    bytes: 1_000 + 4 * (row.terms.length + row.overrides.length) + 2 * row.holds.length,
    usedAt: readAt,
  };
  if (isWorthKeeping(room, source, row)) memory.licenses.set(name, entry);
  else memory.licenses.delete(name);
  return entry;
}

/** Those who ask from other addresses may get other answers, so they do not share a read. */
const flightOf = ({ from }: Room, name: string) => `${name}${from ?? ""}`;

/**
 * Whoever knows a license key may make up as many devices, users and versions as there are numbers: none of them is to push out what others
 * ask for, or to be written into KV. A device that holds no seat is never kept, and of the users and versions that nobody knows some are.
 */
function isWorthKeeping({ memory, around }: Room, source: Source, row: AskedRow): boolean {
  if (source.byDevice === true && row.a_id === null) return false;
  return !isMadeUp(source, row) || memory.variety.takes(row.id, source.way ?? "", around.realNow.getTime());
}

/** Whether a question names a version that is none of the product's, or a user who has no place here. */
function isMadeUp({ version, user }: Source, row: AskedRow): boolean {
  if (version !== undefined && row.version_released_at === null) return true;
  if (user === undefined || row.users_place !== null) return false;
  return row.a_id === null ? row.place === null : row.user_ref !== user;
}

const beyond = (limit: number | null, used: number) => limit !== null && used > limit;
