import { hitRates, readsIn, readsInRow } from "./metrics.ts";
import type { Told } from "./sums.ts";

/** What a suggestion is called. */
export const SUGGESTION_CODES = [
  "answers_without_database",
  "feed_fails",
  "limits_not_enforced",
  "counts_not_sent",
  "memory_too_small",
  "tenant_reads_database",
] as const;

/** The call that acts on a suggestion, or that says more. */
export type Act = { operation: string; method: "GET" | "POST"; path: string; body: Record<string, unknown> | null };

/** Something that could be better, with the numbers that say so. */
export type Suggestion = {
  code: (typeof SUGGESTION_CODES)[number];
  /** `warning`: answers suffer; `info`: they only take longer than they need to */
  severity: "warning" | "info";
  detail: string;
  because: Record<string, number>;
  act: Act;
};

/** Below so many of anything nothing is suggested: a quiet hour proves nothing. */
const ENOUGH = 1_000;
const MEMORY_SHOULD_HIT = 0.9;
/** Where more than this part of all reads pushed another snapshot out, memory is too small for what is asked. */
const EVICTIONS_A_READ = 0.01;
const FEED_MAY_FAIL = 0.05;
const FEW_POLLS = 20;
/** A tenant whose reads come from the database more often than this would gain from snapshots put into KV beforehand. */
const DATABASE_MAY_ANSWER = 0.1;
const TENANTS_NAMED = 5;

const HEALTH: Act = { operation: "cache.health", method: "GET", path: "/v1/cache/health", body: null };
const STATS: Act = { operation: "cache.stats", method: "GET", path: "/v1/cache/stats", body: null };
const PATTERNS: Act = { operation: "cache.patterns", method: "GET", path: "/v1/cache/patterns", body: null };

/** What this hour and the last one suggest, warnings first. */
export function suggestionsFrom(told: Told): Suggestion[] {
  const suggested = [
    answersBlind(told),
    feedFails(told),
    limitsBlind(told),
    countsLost(told),
    memoryTooSmall(told),
    ...toWarm(told),
  ];
  return suggested.filter((suggestion) => suggestion !== undefined);
}

function answersBlind({ recent }: Told): Suggestion | undefined {
  const { stale = 0, refused = 0 } = recent.counters["blind"] ?? {};
  if (stale + refused === 0) return undefined;
  return {
    code: "answers_without_database",
    severity: "warning",
    detail: `Neither change feed nor database answered for ${stale + refused} requests: ${stale} got the last known answer, ${refused} none.`,
    because: { stale, refused },
    act: HEALTH,
  };
}

function feedFails({ recent }: Told): Suggestion | undefined {
  const polls = recent.counters["feed_polls"] ?? {};
  const failed = polls["failed"] ?? 0;
  const all = sumOf(polls);
  if (all < FEW_POLLS || failed / all <= FEED_MAY_FAIL) return undefined;
  return {
    code: "feed_fails",
    severity: "warning",
    detail: `${failed} of ${all} questions to the change feed failed. Without it snapshots are read from the database again after seconds.`,
    because: { failed, polls: all },
    act: HEALTH,
  };
}

function limitsBlind({ recent }: Told): Suggestion | undefined {
  const blind = sumOf(recent.counters["limits_blind"]);
  if (blind === 0) return undefined;
  return {
    code: "limits_not_enforced",
    severity: "warning",
    detail: `${blind} requests were let through because the object that counts them did not answer in time.`,
    because: { limits_blind: blind, requests: sumOf(recent.counters["requests"]) },
    act: HEALTH,
  };
}

function countsLost({ recent, isolates }: Told): Suggestion | undefined {
  const failed = sumOf(recent.counters["flushes_failed"]);
  if (failed < FEW_POLLS) return undefined;
  return {
    code: "counts_not_sent",
    severity: "warning",
    detail: `${failed} times an isolate could not send what it had counted; what one that ends had not sent is missing here.`,
    because: { flushes_failed: failed, isolates: isolates.seen },
    act: STATS,
  };
}

function memoryTooSmall({ recent, held, isolates }: Told): Suggestion | undefined {
  const { hits, misses, rate } = hitRates(readsIn(recent.counters)).memory;
  const evictions = sumOf(recent.counters["evictions"]);
  if (rate === null || hits + misses < ENOUGH || rate >= MEMORY_SHOULD_HIT) return undefined;
  if (evictions / (hits + misses) <= EVICTIONS_A_READ) return undefined;
  const bytes = held.kinds.license.bytes + held.kinds.api_key.bytes;
  return {
    code: "memory_too_small",
    severity: "info",
    detail: `Memory had ${percent(rate)} of what was asked of it, and ${evictions} snapshots were pushed out of it. See what fills it; a larger limit, or fewer questions that differ without need, helps.`,
    because: { hits, misses, evictions, bytes, limit_bytes: held.limitBytes, isolates: isolates.telling },
    act: PATTERNS,
  };
}

function toWarm({ recent }: Told): Suggestion[] {
  const rows = Object.entries(recent.tenants).filter(([tenantId]) => tenantId !== "");
  return rows
    .map(([tenantId, row]) => ({ tenantId, reads: readsInRow(row) }))
    .filter(({ reads }) => sumOf(reads) >= ENOUGH && reads.d1 / sumOf(reads) > DATABASE_MAY_ANSWER)
    .toSorted((a, b) => b.reads.d1 - a.reads.d1)
    .slice(0, TENANTS_NAMED)
    .map(({ tenantId, reads }) => ({
      code: "tenant_reads_database",
      severity: "info",
      detail: `${percent(reads.d1 / sumOf(reads))} of the licenses that ${tenantId} was asked for were read from the database. Before a peak, its snapshots can be put into KV.`,
      because: { reads: sumOf(reads), d1: reads.d1, kv: reads.kv, memory: reads.memory },
      act: { operation: "cache.warm", method: "POST", path: "/v1/cache/warm", body: { tenant_id: tenantId } },
    }));
}

function sumOf(counts: Readonly<Record<string, number>> = {}): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0);
}

const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
