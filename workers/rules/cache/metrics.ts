import { BUCKETS, COUNTERS, type Definition, HISTOGRAMS, KINDS, type Kind, type Tier, TIERS } from "./counted.ts";
import type { Told } from "./sums.ts";

/** One series of a metric: the values of its labels in their order, and what stands there now. */
export type Sample = { values: string[]; value: number };

/** One series of a histogram. `buckets` are not added up; the last one has no end. */
export type HistogramSample = { values: string[]; buckets: number[]; sum: number };

/** A metric as Prometheus knows it, named without a prefix. */
export type Metric =
  | { type: "counter" | "gauge"; name: string; help: string; labels: readonly string[]; samples: Sample[] }
  | {
      type: "histogram";
      name: string;
      help: string;
      labels: readonly string[];
      ends: readonly number[];
      samples: HistogramSample[];
    };

/** What was read from memory and from KV of what was asked of them; null where nothing was. */
export type HitRates = Record<"memory" | "kv", { hits: number; misses: number; rate: number | null }>;

/** Everything that the tallies tell, as metrics: all counters and histograms, hit rates of this and the last hour, and what is held. */
export function metricsOf(told: Told): Metric[] {
  const counters = Object.entries<Definition>(COUNTERS).map(([name, definition]): Metric => ({
    type: "counter",
    name: `${name}_total`,
    help: definition.help,
    labels: definition.labels,
    samples: counted(definition, told.counters[name] ?? {}),
  }));
  const histograms = Object.entries<Definition>(HISTOGRAMS).map(([name, definition]): Metric => ({
    type: "histogram",
    name,
    help: definition.help,
    labels: definition.labels,
    ends: BUCKETS,
    samples: Object.entries(told.histograms[name] ?? {}).map(([label, { buckets, sum }]) => ({
      values: valuesOf(definition, label),
      buckets,
      sum,
    })),
  }));
  return [...counters, ...histograms, hitRatio(told), ...held(told)];
}

/** Every series there may be, those of nothing as well: one that is born with its first count hides that count from `rate()` and `increase()`. */
function counted(definition: Definition, counts: Readonly<Record<string, number>>): Sample[] {
  const labels = new Set([...definition.values, ...Object.keys(counts)]);
  return [...labels].map((label) => ({ values: valuesOf(definition, label), value: counts[label] ?? 0 }));
}

/**
 * The hit rates behind reads by tier. Memory is asked first; what it does not have of a license is read from KV, and what that does not have
 * from the database. Who joined a read that was under way missed memory, and asked nothing else. KV keeps API keys for times without a
 * database alone, so of them it misses nothing.
 */
export function hitRates(reads: Record<Kind, Record<Tier, number>>): HitRates {
  const rate = (hits: number, misses: number) => ({ hits, misses, rate: hits + misses > 0 ? hits / (hits + misses) : null });
  const { license, api_key: keys } = reads;
  const missed = (of: Record<Tier, number>): number => of.kv + of.d1 + of.joined;
  return {
    memory: rate(license.memory + keys.memory, missed(license) + missed(keys)),
    kv: rate(license.kv, license.d1),
  };
}

/** Reads of one kind, as if there had been no others. */
export function readsOnlyOf(kind: Kind, reads: Record<Tier, number>): Record<Kind, Record<Tier, number>> {
  return { license: NO_READS, api_key: NO_READS, [kind]: reads };
}

/** Reads by kind and tier among counters. */
export function readsIn(counters: Told["counters"]): Record<Kind, Record<Tier, number>> {
  const reads = counters["cache_reads"] ?? {};
  const of = (kind: Kind) => readsInRow(TIERS.map((tier) => reads[`${tier}/${kind}`] ?? 0));
  return { license: of("license"), api_key: of("api_key") };
}

/** Reads by tier from a row in the order of `TIERS`. */
export function readsInRow(row: readonly number[]): Record<Tier, number> {
  const of = (tier: Tier): number => row[TIERS.indexOf(tier)] ?? 0;
  return { memory: of("memory"), kv: of("kv"), d1: of("d1"), joined: of("joined") };
}

const NO_READS = readsInRow([]);

function hitRatio({ recent }: Told): Metric {
  const reads = readsIn(recent.counters);
  const samples = KINDS.flatMap((kind) =>
    Object.entries(hitRates(readsOnlyOf(kind, reads[kind]))).flatMap(([tier, { rate }]): Sample[] =>
      rate === null ? [] : [{ values: [tier, kind], value: rate }],
    ),
  );
  const help = "Of what a tier was asked in this hour and the last one, the part that it had";
  return { type: "gauge", name: "cache_hit_ratio", help, labels: ["tier", "kind"], samples };
}

function held({ held, isolates }: Told): Metric[] {
  const gauge = (name: string, help: string, labels: string[], samples: Sample[]): Metric => ({
    type: "gauge",
    name,
    help,
    labels,
    samples,
  });
  const perKind = (of: "entries" | "bytes"): Sample[] => KINDS.map((kind) => ({ values: [kind], value: held.kinds[kind][of] }));
  return [
    gauge(
      "cache_entries",
      "Snapshots in the memories of isolates that told of them in the last five minutes",
      ["kind"],
      perKind("entries"),
    ),
    gauge("cache_bytes", "Bytes of those snapshots, as the isolates reckon them", ["kind"], perKind("bytes")),
    gauge("isolates_seen", "Isolates that sent counts in the last hour", [], [{ values: [], value: isolates.seen }]),
    gauge(
      "isolates_telling",
      "Isolates that sent counts in the last five minutes",
      [],
      [{ values: [], value: isolates.telling }],
    ),
  ];
}

/** `other` stands for a whole label, of however many parts. */
function valuesOf({ labels }: Definition, label: string): string[] {
  const parts = label.split("/");
  return labels.map((_, i) => (labels.length === parts.length ? (parts[i] ?? "") : label));
}
