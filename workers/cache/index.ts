import { readMetrics } from "./internal.metrics.read.ts";

/** What the edge keeps in memory and KV, and what it counts. */
export const cache = [readMetrics];
