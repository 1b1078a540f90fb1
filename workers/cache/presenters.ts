import type { z } from "#kernel/wire";
import { type Counts, type Kind, KINDS, type Tier } from "#rules/cache/counted";
import { hitRates, readsIn, readsInRow, readsOnlyOf } from "#rules/cache/metrics";
import type { Pattern, Told } from "#rules/cache/sums";
import type { CachePatterns, CacheStats } from "./schemas.ts";

/** What the tallies tell, as `GET /v1/cache/stats` shows it. */
export function presentStats(told: Told, tenantId: string | undefined, now: Date): z.infer<typeof CacheStats> {
  const { recent, held, isolates } = told;
  const { license, api_key } = held.kinds;
  return {
    object: "cache_stats",
    recent: { ...presentReads(recent.counters), from: instant(recent.from) },
    total: { ...presentReads(told.counters), from: instant(told.since) },
    memory: {
      isolates_seen: isolates.seen,
      isolates_telling: isolates.telling,
      entries: license.entries + api_key.entries,
      bytes: license.bytes + api_key.bytes,
      limit_bytes: held.limitBytes,
      by_kind: held.kinds,
    },
    tenant:
      tenantId === undefined
        ? null
        : {
            tenant_id: tenantId,
            ...presentTiers(readsOnlyOf("license", readsInRow(recent.tenants[tenantId] ?? []))),
            from: instant(recent.from),
          },
    at: now.toISOString(),
  };
}

/** What isolates keep of a kind and tenant. */
export function presentPattern({
  kind,
  tenantId,
  entries,
  bytes,
  isolates,
}: Pattern): z.infer<typeof CachePatterns>["data"][number] {
  return { pattern: `${kind}/${tenantId}/*`, kind, tenant_id: tenantId, entries, bytes, isolates };
}

function presentReads(counters: Counts) {
  const evictions = Object.values(counters["evictions"] ?? {}).reduce((sum, n) => sum + n, 0);
  const reads = readsIn(counters);
  const byKind = KINDS.map((kind) => [kind, presentTiers(readsOnlyOf(kind, reads[kind]))] as const);
  return {
    ...presentTiers(reads),
    evictions,
    by_kind: Object.fromEntries(byKind) as Record<Kind, ReturnType<typeof presentTiers>>,
  };
}

function presentTiers(reads: Record<Kind, Record<Tier, number>>) {
  const { license, api_key: keys } = reads;
  const { memory, kv } = hitRates(reads);
  const tier = ({ hits, misses, rate }: typeof memory) => ({ hits, misses, hit_rate: rate });
  return { memory: tier(memory), kv: tier(kv), d1: { reads: license.d1 + keys.d1 }, joined: license.joined + keys.joined };
}

const instant = (ms: number): string => new Date(ms).toISOString();
