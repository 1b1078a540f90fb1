import {
  BUCKETS,
  COUNTERS,
  type Counter,
  type Counts,
  type Definition,
  type Flush,
  type Held,
  HISTOGRAMS,
  type Histogram,
  type Kind,
  KINDS,
  OTHER,
  PATTERNS_TOLD,
  type Tier,
  TIERS,
} from "#rules/cache/counted";
import { randomBytes } from "./crypto.ts";
import type { Env } from "./env.ts";
import { base64url } from "./keyring.ts";
import { tallyFor } from "./tally.object.ts";
import { within } from "./within.ts";

export {
  COUNTERS,
  HISTOGRAMS,
  type Counter,
  type Held,
  type Histogram,
  type Kind,
  type Route,
  type Tier,
} from "#rules/cache/counted";

/** How often an isolate sends at most. */
export const FLUSH_EVERY_MS = 10_000;
/** How many tenants an isolate tells apart between two flushes. */
const TENANTS_TOLD = 500;
const SEND_TIMEOUT_MS = 3_000;

/** Adds to a counter: a look-up and an addition, no I/O. A label that is not in the counter's list counts as `other`. */
export function count(name: Counter, label = "", by = 1): void {
  const slots = COUNTER_SLOTS[name];
  const slot = slots.byLabel.get(label) ?? slots.other;
  live.counts[slot] = (live.counts[slot] ?? 0) + by;
}

/** Adds a duration to a histogram: a look-up and a few comparisons, no I/O. */
export function observe(name: Histogram, seconds: number, label = ""): void {
  const slots = HISTOGRAM_SLOTS[name];
  const start = slots.byLabel.get(label) ?? slots.other;
  let bucket = 0;
  while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] ?? 0)) bucket++;
  live.observed[start + bucket] = (live.observed[start + bucket] ?? 0) + 1;
  live.observed[start + SUM_AT] = (live.observed[start + SUM_AT] ?? 0) + seconds;
}

/** Counts the read of a snapshot for its tier and, of a license, for its tenant. */
export function countRead(tier: Tier, kind: Kind, tenantId: string): void {
  count("cache_reads", READ_LABELS[tier][kind]);
  if (kind !== "license") return;
  const row = live.tenants.get(tenantId) ?? beginTenant(tenantId);
  const at = TIER_AT[tier];
  row[at] = (row[at] ?? 0) + 1;
}

/** The store of snapshots says here how to ask what it holds; asked once a flush. */
export function tellHeld(read: () => Held): void {
  readHeld = read;
}

/**
 * Sends what was counted to the shard's `Tally` in the background, at most once in ten seconds. Never throws and never waits: what the object
 * did not take is kept, and sent again under the same number, so that nothing is counted twice. What an isolate that is ended had not sent is lost.
 */
export function flushTallies(env: Env, waitUntil: (work: Promise<unknown>) => void, realNow: Date): void {
  const nowMs = realNow.getTime();
  triedAtMs ??= nowMs; // an isolate's first request begins the ten seconds
  if (nowMs - triedAtMs < FLUSH_EVERY_MS && nowMs >= triedAtMs) return;
  triedAtMs = nowMs;
  // gathering takes longer than counting, so it waits until the answer is out
  waitUntil(new Promise<void>((resolve) => setTimeout(resolve, 0)).then(() => sendNext(env)));
}

/** Sends all that this isolate has counted, now, and waits for it: for those who read the sums right after. Never throws. */
export async function flushNow(env: Env): Promise<void> {
  if (unsent && !(await sendNext(env))) return;
  await sendNext(env);
}

type Slots = { byLabel: Map<string, number>; other: number };

const READ_LABELS = Object.fromEntries(
  TIERS.map((tier) => [tier, Object.fromEntries(KINDS.map((kind) => [kind, `${tier}/${kind}`]))]),
) as Record<Tier, Record<Kind, string>>;
const TIER_AT = Object.fromEntries(TIERS.map((tier, at) => [tier, at])) as Record<Tier, number>;

/** A label's cells in the array of histograms: its buckets, the one without an end, and the sum. */
const SUM_AT = BUCKETS.length + 1;
const COUNTER_SLOTS = slotsOf(COUNTERS, 1);
const HISTOGRAM_SLOTS = slotsOf(HISTOGRAMS, SUM_AT + 1);
const COUNTER_CELLS = cellsOf(COUNTER_SLOTS, 1);
const HISTOGRAM_CELLS = cellsOf(HISTOGRAM_SLOTS, SUM_AT + 1);

let isolate: string | null = null;
let seq = 0;
let triedAtMs: number | null = null;
let unsent: Flush | null = null;
let live = nothing();
let readHeld: (() => Held) | null = null;

function nothing() {
  return {
    counts: new Float64Array(COUNTER_CELLS),
    observed: new Float64Array(HISTOGRAM_CELLS),
    tenants: new Map<string, number[]>(),
  };
}

/** Sends the flush that waits, or begins one; whether the object took it. */
async function sendNext(env: Env): Promise<boolean> {
  try {
    isolate ??= base64url(randomBytes(12));
    unsent ??= take(isolate);
    const sent = unsent;
    // a call that never comes back must not keep the request\'s context, nor these counts, for ever
    await within(tallyFor(env, sent.isolate).add(sent), SEND_TIMEOUT_MS);
    if (unsent === sent) unsent = null;
    return true;
  } catch {
    count("flushes_failed");
    return false;
  }
}

/** Takes everything that was counted out of the live cells, as the isolate's next flush. */
function take(isolate: string): Flush {
  const held = heldNow(); // its reader counts too
  const taken = live;
  live = nothing();
  seq++;
  return {
    isolate,
    seq,
    counters: countsIn(taken.counts),
    histograms: observedIn(taken.observed),
    tenants: Object.fromEntries(taken.tenants),
    held,
  };
}

function heldNow(): Held | null {
  const held = readHeld?.() ?? null;
  return held && { ...held, patterns: held.patterns.slice(0, PATTERNS_TOLD) };
}

function countsIn(cells: Float64Array): Counts {
  const counts: Counts = {};
  for (const [name, slots] of Object.entries(COUNTER_SLOTS)) {
    for (const [label, slot] of labelled(slots)) {
      const n = cells[slot] ?? 0;
      if (n > 0) (counts[name] ??= {})[label] = n;
    }
  }
  return counts;
}

function observedIn(cells: Float64Array): Flush["histograms"] {
  const observed: Flush["histograms"] = {};
  for (const [name, slots] of Object.entries(HISTOGRAM_SLOTS)) {
    for (const [label, start] of labelled(slots)) {
      const buckets = [...cells.subarray(start, start + SUM_AT)];
      if (buckets.some((n) => n > 0)) (observed[name] ??= {})[label] = { buckets, sum: cells[start + SUM_AT] ?? 0 };
    }
  }
  return observed;
}

function beginTenant(tenantId: string): number[] {
  const name = live.tenants.size < TENANTS_TOLD ? tenantId : "";
  const known = live.tenants.get(name);
  if (known) return known;
  const row = TIERS.map(() => 0);
  live.tenants.set(name, row);
  return row;
}

function* labelled({ byLabel, other }: Slots): Iterable<[string, number]> {
  yield* byLabel;
  yield [OTHER, other];
}

function slotsOf<Name extends string>(definitions: Record<Name, Definition>, cells: number): Record<Name, Slots> {
  let next = 0;
  const take = (): number => {
    const slot = next;
    next += cells;
    return slot;
  };
  const slots = Object.entries<Definition>(definitions).map(([name, { values }]): [string, Slots] => [
    name,
    { byLabel: new Map(values.map((value) => [value, take()])), other: take() },
  ]);
  return Object.fromEntries(slots) as Record<Name, Slots>;
}

function cellsOf(slots: Record<string, Slots>, cells: number): number {
  return Math.max(...Object.values(slots).map(({ other }) => other)) + cells;
}
