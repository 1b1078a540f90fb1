import { createRoute } from "@hono/zod-openapi";
import { realNow } from "#kernel/clock";
import { json, operator, operatorEndpoint } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { feedOf } from "#kernel/feed.object";
import { meterOf } from "#kernel/meter";
import { quotaOf } from "#kernel/quota.object";
import { databaseOf, shardsOf } from "#kernel/shards";
import { tallyOf } from "#kernel/tally.object";
import { within } from "#kernel/within";
import type { z } from "#kernel/wire";
import { CacheHealth } from "./schemas.ts";

export const showCacheHealth = operatorEndpoint({
  route: createRoute({
    operationId: "cache.health",
    method: "get",
    path: "/v1/cache/health",
    security: operator(),
    summary: "See what is behind the caches",
    description:
      "Asks each part once, and waits 1.5 seconds at most. The answer is 200 also when a part does not answer: it says which.",
    responses: { 200: json(CacheHealth, "Each part with how long it took") },
  }),

  handler: async (c) => {
    const parts = await Promise.all(Object.entries(probesOf(c.env)).map(([name, ask]) => probed(name, ask)));
    const status = parts.every((part) => part.status === "ok") ? ("ok" as const) : ("degraded" as const);
    return c.json({ object: "cache_health" as const, status, parts, at: c.var.realNow.toISOString() }, 200);
  },
});

const TIMEOUT_MS = 1_500;

function probesOf(env: Env): Record<string, () => Promise<unknown>> {
  const shards = shardsOf(env);
  return {
    ...Object.fromEntries(shards.map((shard) => [`database/${shard}`, () => askDatabase(env, shard)])),
    ...Object.fromEntries(shards.map((shard) => [`tally/${shard}`, () => tallyOf(env, shard).told()])),
    // objects are asked by names that no tenant has
    "feed/probe": () => feedOf(env, "probe").ping(),
    "limits/probe": () => quotaOf(env, "probe").granted([]),
    "meter/probe": () => meterOf(env, "probe", "probe").audit(),
    kv: () => env.CACHE.get("health/probe"),
  };
}

async function askDatabase(env: Env, shard: string): Promise<unknown> {
  return databaseOf(env, shard)?.prepare("select 1").first();
}

/** Asks one part; whatever goes wrong is told, not thrown. */
async function probed(name: string, ask: () => Promise<unknown>): Promise<z.infer<typeof CacheHealth>["parts"][number]> {
  const startedAt = realNow().getTime();
  try {
    await within(ask(), TIMEOUT_MS);
    return { name, status: "ok", latency_ms: realNow().getTime() - startedAt, error: null };
  } catch (error) {
    return { name, status: "failing", latency_ms: null, error: error instanceof Error ? error.message.slice(0, 200) : "unknown" };
  }
}
