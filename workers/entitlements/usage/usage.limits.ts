import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { usedOf } from "#kernel/limits";
import { temporarilyUnavailable } from "#kernel/problems";
import { TenantLimits } from "./schemas.ts";

export const showTenantLimits = endpoint({
  isAlwaysOpen: true,
  route: createRoute({
    operationId: "usage.limits",
    method: "get",
    path: "/v1/usage/limits",
    security: scope("usage:read"),
    summary: "Get what you have used of your own limits",
    description:
      "What your tier, or the operator, allows you by the month, and what of it is used: requests with secret keys to everything but what publishable keys may call. Requests that running parts of the edge have set aside count as used.",
    responses: { 200: json(TenantLimits, "The limits"), ...problems(temporarilyUnavailable) },
  }),

  handler: async (c) => {
    const { tenant } = c.var.repo;
    const used = await usedOf(c.env, tenant, c.var.realNow).catch(() => {
      throw temporarilyUnavailable({}, { headers: { "retry-after": "1" } });
    });
    const limits = Object.entries(used).map(([name, { used: units, limit, resets_at }]) => ({
      name,
      used: units,
      limit_value: limit,
      remaining: limit === null ? null : Math.max(0, limit - units),
      resets_at,
    }));
    return c.json(
      { object: "tenant_limits" as const, tier: tenant.tier, limits, evaluated_at: c.var.realNow.toISOString() },
      200,
    );
  },
});
