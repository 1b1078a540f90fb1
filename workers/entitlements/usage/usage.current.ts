import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { fromMeter, meterOf } from "#kernel/meter";
import { licenseNotFound } from "#kernel/not-found";
import { temporarilyUnavailable } from "#kernel/problems";
import { meteredBy } from "#rules/entitlements/check";
import { calendarOf } from "../asking.ts";
import { presentUsage } from "../presenters.ts";
import { CurrentUsage, CurrentUsageQuery } from "./schemas.ts";

export const showCurrentUsage = endpoint({
  isAlwaysOpen: true,
  route: createRoute({
    operationId: "usage.current",
    method: "get",
    path: "/v1/usage/current",
    security: scope("usage:read"),
    summary: "Get what a license has used so far",
    description:
      "Of every feature that the license names, in the period that runs now, as its meter has it at this moment; whatever the license's status.",
    request: { query: CurrentUsageQuery },
    responses: { 200: json(CurrentUsage, "What was used"), ...problems(licenseNotFound, temporarilyUnavailable) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const [license] = await repo.rights.ofLicenses([c.req.valid("query").license_id]);
    if (!license) throw licenseNotFound({});
    const rights = license.entitlements;
    const [metered, calendar] = [rights.map(meteredBy), calendarOf(c.var, license.startsAt)];
    const usages =
      metered.length === 0 ? [] : await fromMeter(meterOf(c.env, repo.tenantId, license.id).usage(metered, calendar));
    const usage = rights.flatMap((right, index) => {
      const each = usages[index];
      if (!each) return [];
      return {
        feature: right.feature,
        feature_id: right.featureId,
        ...presentUsage(each),
        limit_type: right.limitType,
        reset: right.reset,
        period_starts_at: right.reset === "never" ? null : each.periodStartsAt.toISOString(),
      };
    });
    return c.json({ object: "current_usage" as const, license_id: license.id, usage, evaluated_at: now.toISOString() }, 200);
  },
});
