import { createRoute } from "@hono/zod-openapi";
import { json, operator, operatorEndpoint } from "#kernel/endpoint";
import { readTallies } from "#kernel/read-tallies";
import { presentStats } from "./presenters.ts";
import { CacheStats, StatsQuery } from "./schemas.ts";

export const showCacheStats = operatorEndpoint({
  route: createRoute({
    operationId: "cache.stats",
    method: "get",
    path: "/v1/cache/stats",
    security: operator(),
    summary: "See how often caches have what is asked",
    description:
      "Counted by the isolates themselves and sent every ten seconds, so the newest seconds are missing, and whatever an isolate had not sent when it ended.",
    request: { query: StatsQuery },
    responses: { 200: json(CacheStats, "The counts") },
  }),

  handler: async (c) => {
    const told = await readTallies(c.env, c.var.realNow);
    return c.json(presentStats(told, c.req.valid("query").tenant_id, c.var.realNow), 200);
  },
});
