import { createRoute } from "@hono/zod-openapi";
import { json, operator, operatorEndpoint } from "#kernel/endpoint";
import { readTallies } from "#kernel/read-tallies";
import { presentPattern } from "./presenters.ts";
import { CachePatterns, PatternQuery } from "./schemas.ts";

export const listCachePatterns = operatorEndpoint({
  route: createRoute({
    operationId: "cache.patterns",
    method: "get",
    path: "/v1/cache/patterns",
    security: operator(),
    summary: "See what isolates keep in memory",
    description:
      "By kind and tenant, the largest first: at most 200, out of the 50 largest that each isolate tells of. Of isolates that sent something in the last five minutes.",
    request: { query: PatternQuery },
    responses: { 200: json(CachePatterns, "What is kept") },
  }),

  handler: async (c) => {
    const { tenant_id: tenantId, kind } = c.req.valid("query");
    const { patterns, isolates } = await readTallies(c.env, c.var.realNow);
    const asked = patterns.filter(
      (pattern) => (tenantId === undefined || pattern.tenantId === tenantId) && (kind === undefined || pattern.kind === kind),
    );
    const answer = {
      object: "cache_patterns" as const,
      data: asked.map(presentPattern),
      isolates_telling: isolates.telling,
      at: c.var.realNow.toISOString(),
    };
    return c.json(answer, 200);
  },
});
