import type { Hope, Metered, Usage } from "#rules/entitlements/counting";
import type { Env } from "./env.ts";
import { memory } from "./hot/memory.ts";
import { temporarilyUnavailable } from "./problems.ts";
import { count } from "./tallies.ts";
import { within } from "./within.ts";

/** What can be asked of a meter. */
export interface MeterCalls {
  /** Uses all items, or none of them. */
  consume(asked: Consuming): Promise<Once<Taken>>;
  /** Holds all items back for `ttlS` seconds of real time, or none of them. The id is the caller's to make. */
  reserve(asked: Consuming & { id: string; ttlS: number }): Promise<Once<Reserved>>;
  /** Uses what was held back, or less of it; the rest is free again. `items` null = everything; what it does not name is not used. */
  commit(asked: Settle & { items: readonly { feature: string; units: number }[] | null }): Promise<Once<Settled>>;
  /** Frees what was held back. */
  release(asked: Settle): Promise<Once<Settled>>;
  /** What was answered to an intent; null where nothing was, or it was refused. */
  answered(intent: NonNullable<MeterIntent>): Promise<Once<unknown> | null>;
  /** Counts what was used already, each entry once by its key. Nothing is refused: what goes beyond a limit is counted, and its thresholds told. */
  track(entries: readonly Entry[], calendar: Calendar): Promise<Tracked[]>;
  /** How much of each feature is used in the period that `calendar.now` lies in, in the order asked for. */
  usage(features: readonly Metered[], calendar: Calendar): Promise<Usage[]>;
  /** Entries of the ledger, the newest first, behind the one with the id `before`. */
  ledger(page: { limit: number; before: number | null; featureId: string | null }): Promise<LedgerEntry[]>;
  /** What each counter says beside what its ledger sums to. */
  audit(): Promise<{ featureId: string; period: string; used: number; summed: number }[]>;
}

type Consuming = { intent: MeterIntent; items: readonly Item[]; calendar: Calendar };
type Settle = { intent: MeterIntent; id: string; calendar: Calendar };

/** By which calendar is counted, what time it is, and since when there is anything to count. */
export type Calendar = {
  /** the tenant's, IANA */
  zone: string;
  /** business time */
  now: Date;
  /** when the license began: no period before has left anything over */
  since: Date;
};

/** A caller's Idempotency-Key as the kernel makes it: found by the key, told apart by the content. Null where there is none. */
export type MeterIntent = { keyHash: string; requestHash: string } | null;

/** One thing that is to be used. */
export type Item = Metered & { units: number };

/**
 * One thing that was used already, as a caller tells it. `units` of a `set` are the level itself. `at` null = when it is told, so that telling
 * it again is the same; what lies ahead counts as now.
 */
export type Entry = Item & { key: string; mode: "add" | "set"; at: Date | null };

/** An answer, given now or given before to the same intent. `reused`: the same key came with other content. */
export type Once<T> = { outcome: "answered"; replayed: boolean; answer: T } | { outcome: "reused" };

/** All items or none: `short` are those that do not fit. `usages` are those of all items, in their order. */
export type Taken = { taken: true; usages: Usage[]; takenAt: Date } | { taken: false; short: Short[]; usages: Usage[] };
export type Reserved =
  | { taken: true; usages: Usage[]; reservation: Reservation }
  | { taken: false; short: Short[] | "reservations"; usages: Usage[] };

/** An item that does not fit, by its place, and what is to be hoped for. */
export type Short = { index: number } & Hope;

/** What became of one entry. `other`: its key came before with another content. */
export type Tracked = { outcome: "counted" | "duplicate" | "other"; usage: Usage };

export const RESERVATION_STATUSES = ["open", "committed", "released", "expired"] as const;
export type ReservationStatus = (typeof RESERVATION_STATUSES)[number];

/** Units that are held back for work which may fail. What it comes to is counted in the period in which it was made. */
export type Reservation = {
  id: string;
  status: ReservationStatus;
  items: ReservedItem[];
  madeAt: Date;
  /** real time, exclusive */
  endsAt: Date;
};

/** `committed`: how much of it was used; null while it is open, and where nothing of it was. */
export type ReservedItem = Metered & { units: number; committed: number | null };

/** A reservation that was committed or released, or why it was not. `usages` are those of its items. */
export type Settled =
  | { settled: true; reservation: Reservation; usages: Usage[] }
  | { settled: false; why: "status"; status: ReservationStatus }
  | { settled: false; why: "not_reserved"; index: number }
  | { settled: false; why: "not_found" };

/** One entry of the ledger as it was written. The units of a counter's entries sum to what it says, at any time. */
export type LedgerEntry = {
  id: number;
  featureId: string;
  feature: string;
  /** what the entry added; below zero where a level was set lower */
  units: number;
  mode: "add" | "set";
  at: Date;
  source: "consume" | "commit" | "usage";
  key: string | null;
  periodStartsOn: string;
  recordedAt: Date;
};

/** How many reservations of a license may be open at once. */
export const MOST_RESERVATIONS = 10_000;

/** How long a meter may take to answer before whoever waits for it is told to come again; where only a look is taken, the look is given up. */
const PATIENCE_MS = { use: 1500, look: 500 };

/** The meter of a license: the one object that counts what is used of its quotas. */
export function meterOf(env: Env, tenantId: string, licenseId: string): MeterCalls {
  const meter: MeterCalls = env.METER.get(env.METER.idFromName(`${tenantId}/${licenseId}`));
  // whoever looks here next sees what was used here
  const used = async <T>(answer: Promise<T>): Promise<T> => answer.finally(() => memory.noteUse(licenseId));
  return {
    consume: (asked) => used(meter.consume(asked)),
    reserve: (asked) => used(meter.reserve(asked)),
    commit: (asked) => used(meter.commit(asked)),
    release: (asked) => used(meter.release(asked)),
    track: (entries, calendar) => used(meter.track(entries, calendar)),
    answered: (intent) => meter.answered(intent),
    usage: (features, calendar) => meter.usage(features, calendar),
    ledger: (page) => meter.ledger(page),
    audit: () => meter.audit(),
  };
}

/**
 * What a meter answers. Throws `temporarily_unavailable` where it does not, or not in time: it may have counted then, so only a caller who
 * comes again under the same Idempotency-Key is counted once.
 */
export async function fromMeter<T>(answer: Promise<T>): Promise<T> {
  return within(answer, PATIENCE_MS.use).catch((error: unknown) => {
    count("quota_calls", "unavailable");
    // oxlint-disable-next-line no-console -- the edge's log is the console
    console.error(JSON.stringify({ at: "meter", error: String(error).slice(0, 300) }));
    throw temporarilyUnavailable({}, { headers: { "retry-after": "1" } });
  });
}

/**
 * What is used of some features of a license; null where its meter does not answer in time. It is asked only where there is something to
 * ask for. Whoever only looks goes on without: what is used up is refused by whoever counts.
 */
export async function usagesOf(
  env: Env,
  tenantId: string,
  licenseId: string,
  metered: readonly Metered[],
  calendar: Calendar,
): Promise<Usage[] | null> {
  if (metered.length === 0) return [];
  return within(meterOf(env, tenantId, licenseId).usage(metered, calendar), PATIENCE_MS.look).catch(() => {
    count("quota_calls", "unavailable");
    return null;
  });
}
