import type { Held, Kind } from "#rules/cache/counted";
import { PATTERNS_TOLD } from "#rules/cache/counted";
import { count } from "../tallies.ts";
import type { Memory } from "./memory.ts";
import type { Kept, Store } from "./store.ts";

/** A reader of what a memory holds, by kind and tenant; what gave way to others since it read last is counted as evictions. */
export function heldIn({ licenses, callers }: Memory): () => Held {
  const evicted = { license: 0, api_key: 0 };
  const read = (kind: Kind, { evictions, entries, bytes }: Store<never>["stats"]) => {
    count("evictions", kind, evictions - evicted[kind]);
    evicted[kind] = evictions;
    return { entries, bytes };
  };
  return () => ({
    limitBytes: licenses.stats.limitBytes + callers.stats.limitBytes,
    kinds: { license: read("license", licenses.stats), api_key: read("api_key", callers.stats) },
    patterns: [
      ...patternsIn("license", licenses, ({ caller }) => caller.known.tenantId),
      ...patternsIn("api_key", callers, ({ known }) => known.tenantId),
    ]
      .toSorted((a, b) => b.bytes - a.bytes)
      .slice(0, PATTERNS_TOLD),
  });
}

function patternsIn<E extends Kept>(kind: Kind, store: Store<E>, tenantOf: (entry: E) => string): Held["patterns"] {
  const sums = new Map<string, Held["patterns"][number]>();
  for (const entry of store.values()) {
    const tenantId = tenantOf(entry);
    const sum = sums.get(tenantId) ?? { kind, tenantId, entries: 0, bytes: 0 };
    sum.entries++;
    sum.bytes += entry.bytes;
    sums.set(tenantId, sum);
  }
  return [...sums.values()];
}
