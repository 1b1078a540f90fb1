import { createRoute } from "@hono/zod-openapi";
import { json, operator, operatorEndpoint, problems } from "#kernel/endpoint";
import { readTallies } from "#kernel/read-tallies";
import { tenantNotFound } from "#kernel/not-found";
import { openedFor } from "./opened.ts";
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
    responses: { 200: json(CacheStats, "The counts"), ...problems(tenantNotFound) },
  }),

  handler: async (c) => {
    const { tenant_id: tenantId } = c.req.valid("query");
    if (tenantId !== undefined) await openedFor(c, tenantId);
    const told = await readTallies(c.env, c.var.realNow);
    return c.json(presentStats(told, tenantId, c.var.realNow), 200);
  },
});
