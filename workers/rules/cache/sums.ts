import {
  BUCKETS,
  COUNTERS,
  type Counts,
  type Definition,
  type Flush,
  type Held,
  HISTOGRAMS,
  KINDS,
  type Kind,
  type Observed,
  OTHER,
  TIERS,
} from "./counted.ts";

const HOUR_MS = 3_600_000;
/** An isolate that told nothing for this long is taken to hold nothing. */
const HOLDS_FOR_MS = 300_000;
/** How many isolates, tenants and patterns are told apart. */
export const MAX_ISOLATES = 2_000;
export const MAX_TENANTS = 300;
export const MAX_PATTERNS = 200;

type Observations = Record<string, Record<string, Observed>>;
type ByTenant = Record<string, number[]>;

/** What was counted in one hour. */
type Hour = { startsAt: number; counters: Counts; tenants: ByTenant };

/** All that a tally knows. Instants in milliseconds since 1970. */
export type Sums = {
  since: number;
  counters: Counts;
  histograms: Observations;
  thisHour: Hour;
  lastHour: Hour;
  isolates: Record<string, { seq: number; seenAt: number; held: Held | null }>;
};

/** How much of one kind one tenant has in the isolates' memories, and in how many of them. */
export type Pattern = { kind: Kind; tenantId: string; entries: number; bytes: number; isolates: number };

/** What a tally tells. */
export type Told = {
  since: number;
  counters: Counts;
  histograms: Observations;
  /** this hour and the one before it; the tenants that read most, reads of licenses by tier in the order of `TIERS`, all others under `""` */
  recent: { from: number; counters: Counts; tenants: ByTenant };
  /** those of the last hour, and those of the last five minutes, whose memories are added up */
  isolates: { seen: number; telling: number };
  held: { limitBytes: number; kinds: Record<Kind, { entries: number; bytes: number }> };
  patterns: Pattern[];
};

/** Sums of a tally that has heard of nothing. */
export function beginSums(now: number): Sums {
  return { since: now, counters: {}, histograms: {}, thisHour: hourOf(now), lastHour: hourOf(now - HOUR_MS), isolates: {} };
}

/** Adds one flush of an isolate. One that was added already changes nothing, and neither do names and labels that are not in the lists. */
export function addFlush(sums: Sums, flush: Flush, now: number): void {
  const known = sums.isolates[flush.isolate];
  if (known && flush.seq <= known.seq) return;
  turnHour(sums, now);
  addCounts(sums.counters, flush.counters);
  addCounts(sums.thisHour.counters, flush.counters);
  addObservations(sums.histograms, flush.histograms);
  addTenants(sums.thisHour.tenants, flush.tenants);
  sums.isolates[flush.isolate] = { seq: flush.seq, seenAt: now, held: flush.held };
  if (Object.keys(sums.isolates).length > MAX_ISOLATES) forgetIsolates(sums, now);
}

/** What the sums say at `now`. */
export function readSums(sums: Sums, now: number): Told {
  turnHour(sums, now);
  const recent = { from: Math.max(sums.since, sums.lastHour.startsAt), counters: {}, tenants: {} };
  for (const hour of [sums.lastHour, sums.thisHour]) {
    addCounts(recent.counters, hour.counters);
    addTenants(recent.tenants, hour.tenants);
  }
  const seen = Object.values(sums.isolates).filter(({ seenAt }) => now - seenAt < HOUR_MS);
  const telling = seen.filter(({ seenAt }) => now - seenAt < HOLDS_FOR_MS);
  const memories = telling.flatMap(({ held }) => held ?? []);
  return {
    since: sums.since,
    counters: sums.counters,
    histograms: sums.histograms,
    recent,
    isolates: { seen: seen.length, telling: telling.length },
    held: {
      limitBytes: Math.max(0, ...memories.map(({ limitBytes }) => limitBytes)),
      kinds: perKind((kind) => addHeld(memories.map(({ kinds }) => kinds[kind]))),
    },
    patterns: largest(memories.flatMap(({ patterns }) => patterns).map((pattern) => ({ ...pattern, isolates: 1 }))),
  };
}

/** What several tallies tell, as if it were one. */
export function addTold(tallies: readonly Told[], now: number): Told {
  const all: Told = { ...readSums(beginSums(now), now), since: Math.min(now, ...tallies.map(({ since }) => since)) };
  all.recent.from = Math.min(now, ...tallies.map(({ recent }) => recent.from));
  for (const one of tallies) {
    addCounts(all.counters, one.counters);
    addCounts(all.recent.counters, one.recent.counters);
    addObservations(all.histograms, one.histograms);
    addTenants(all.recent.tenants, one.recent.tenants);
    all.isolates = { seen: all.isolates.seen + one.isolates.seen, telling: all.isolates.telling + one.isolates.telling };
    all.held = {
      limitBytes: Math.max(all.held.limitBytes, one.held.limitBytes),
      kinds: perKind((kind) => addHeld([all.held.kinds[kind], one.held.kinds[kind]])),
    };
  }
  return { ...all, patterns: largest(tallies.flatMap(({ patterns }) => patterns)) };
}

/** The part of the sums that outlives the object: what isolates hold they tell again within seconds. */
export function lasting(sums: Sums): Sums {
  const isolates = Object.entries(sums.isolates).map(([id, { seq, seenAt }]) => [id, { seq, seenAt, held: null }] as const);
  return { ...sums, isolates: Object.fromEntries(isolates) };
}

function hourOf(now: number): Hour {
  return { startsAt: now - (now % HOUR_MS), counters: {}, tenants: {} };
}

function turnHour(sums: Sums, now: number): void {
  const hour = hourOf(now);
  if (hour.startsAt <= sums.thisHour.startsAt) return;
  const follows = hour.startsAt === sums.thisHour.startsAt + HOUR_MS;
  sums.lastHour = follows ? sums.thisHour : hourOf(now - HOUR_MS);
  sums.thisHour = hour;
  forgetIsolates(sums, now);
}

function addCounts(to: Counts, more: Counts): void {
  for (const { name, label, told } of listed(COUNTERS, more)) {
    const labels = (to[name] ??= {});
    labels[label] = (labels[label] ?? 0) + told;
  }
}

function addObservations(to: Observations, more: Observations): void {
  for (const { name, label, told } of listed(HISTOGRAMS, more)) {
    const labels = (to[name] ??= {});
    const known = labels[label] ?? { buckets: [], sum: 0 };
    const buckets = [...BUCKETS, Infinity].map((_, i) => (known.buckets[i] ?? 0) + (told.buckets[i] ?? 0));
    labels[label] = { buckets, sum: known.sum + told.sum };
  }
}

/** Everything told under a name that is in the list; a label that is not stands under `other`. An isolate may be of a build that has others. */
function listed<T>(definitions: Record<string, Definition>, told: Record<string, Record<string, T>>) {
  return Object.entries(told).flatMap(([name, labels]) => {
    const values = definitions[name]?.values;
    if (!values) return [];
    return Object.entries(labels).map(([label, told]) => ({ name, label: values.includes(label) ? label : OTHER, told }));
  });
}

function addTenants(to: ByTenant, more: ByTenant): void {
  for (const [tenantId, reads] of Object.entries(more)) {
    to[tenantId] = TIERS.map((_, i) => (to[tenantId]?.[i] ?? 0) + (reads[i] ?? 0));
  }
  const named = Object.keys(to).filter((id) => id !== "");
  if (named.length <= MAX_TENANTS) return;
  const reads = (id: string): number => (to[id] ?? []).reduce((sum, n) => sum + n, 0);
  for (const id of named.toSorted((a, b) => reads(b) - reads(a)).slice(MAX_TENANTS)) {
    to[""] = TIERS.map((_, i) => (to[""]?.[i] ?? 0) + (to[id]?.[i] ?? 0));
    delete to[id];
  }
}

/** Forgets those of more than an hour ago and, a quarter at a time, those heard of longest ago. */
function forgetIsolates(sums: Sums, now: number): void {
  const known = Object.entries(sums.isolates).filter(([, { seenAt }]) => now - seenAt < HOUR_MS);
  const newest = known.toSorted(([, a], [, b]) => b.seenAt - a.seenAt).slice(0, MAX_ISOLATES * 0.75);
  sums.isolates = Object.fromEntries(newest);
}

function perKind<T>(of: (kind: Kind) => T): Record<Kind, T> {
  return Object.fromEntries(KINDS.map((kind) => [kind, of(kind)])) as Record<Kind, T>;
}

function addHeld(parts: readonly { entries: number; bytes: number }[]): { entries: number; bytes: number } {
  const sum = { entries: 0, bytes: 0 };
  for (const { entries, bytes } of parts) {
    sum.entries += entries;
    sum.bytes += bytes;
  }
  return sum;
}

/** Patterns of the same tenant and kind added up, the largest first. */
function largest(patterns: readonly Pattern[]): Pattern[] {
  const sums = new Map<string, Pattern>();
  for (const pattern of patterns) {
    const name = `${pattern.kind}/${pattern.tenantId}`;
    const known = sums.get(name);
    const isolates = (known?.isolates ?? 0) + pattern.isolates;
    sums.set(name, { ...pattern, ...addHeld([pattern, ...(known ? [known] : [])]), isolates });
  }
  return [...sums.values()].toSorted((a, b) => b.bytes - a.bytes).slice(0, MAX_PATTERNS);
}
