import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { usedOf } from "#kernel/limits";
import { temporarilyUnavailable } from "#kernel/problems";
import { limitsInForce } from "#rules/limits/numbers";
import { settingsOf } from "#rules/tenants/settings";
import { TenantLimits } from "./schemas.ts";

export const showTenantLimits = endpoint({
  isAlwaysOpen: true,
  route: createRoute({
    operationId: "usage.limits",
    method: "get",
    path: "/v1/usage/limits",
    security: scope("usage:read"),
    summary: "Get your own limits, and what you have used of them",
    description:
      "What your tier, or the operator, allows you by the month, and what of it is used: requests with secret keys to everything but what publishable keys may call. Requests that running parts of the edge have set aside count as used. `requests` has every limit that holds now, and who set it. It can be asked while they are used up.",
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
    const inForce = limitsInForce(tenant.tier, tenant.limits, settingsOf(tenant.settings).limits);
    const requests = inForce.map(({ name, limit, setBy }) => ({ name, limit_value: limit, set_by: setBy }));
    const evaluatedAt = c.var.realNow.toISOString();
    return c.json({ object: "tenant_limits" as const, tier: tenant.tier, limits, requests, evaluated_at: evaluatedAt }, 200);
  },
});
