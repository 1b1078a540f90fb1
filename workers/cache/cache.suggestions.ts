import { createRoute } from "@hono/zod-openapi";
import { json, operator, operatorEndpoint } from "#kernel/endpoint";
import { readTallies } from "#kernel/read-tallies";
import { suggestionsFrom } from "#rules/cache/suggestions";
import { CacheSuggestions } from "./schemas.ts";

export const suggestForCache = operatorEndpoint({
  route: createRoute({
    operationId: "cache.suggestions",
    method: "get",
    path: "/v1/cache/suggestions",
    security: operator(),
    summary: "See what would make answers faster or safer",
    description:
      "Found by rules in the counts of this hour and the last one, each with its numbers and the call that acts on it.",
    responses: { 200: json(CacheSuggestions, "Suggestions, warnings first") },
  }),

  handler: async (c) => {
    const told = await readTallies(c.env, c.var.realNow);
    const answer = {
      object: "cache_suggestions" as const,
      data: suggestionsFrom(told),
      from: new Date(told.recent.from).toISOString(),
      at: c.var.realNow.toISOString(),
    };
    return c.json(answer, 200);
  },
});
