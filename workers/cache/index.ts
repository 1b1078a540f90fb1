import { showCacheHealth } from "./cache.health.ts";
import { invalidateCache } from "./cache.invalidate.ts";
import { listCachePatterns } from "./cache.patterns.ts";
import { showCacheStats } from "./cache.stats.ts";
import { suggestForCache } from "./cache.suggestions.ts";
import { warmCache } from "./cache.warm.ts";
import { readMetrics } from "./internal.metrics.read.ts";

/** What the edge keeps in memory and KV, and what it counts. */
export const cache = [
  showCacheStats,
  listCachePatterns,
  suggestForCache,
  showCacheHealth,
  warmCache,
  invalidateCache,
  readMetrics,
];
