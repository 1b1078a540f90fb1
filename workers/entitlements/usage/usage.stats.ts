import { createRoute } from "@hono/zod-openapi";
import type { FeatureUse, LicenseUse } from "#db/entitlements/usage-sums";
import { endpoint, json, scope } from "#kernel/endpoint";
import { THRESHOLDS } from "#rules/entitlements/counting";
import { periodOf } from "#rules/entitlements/periods";
import { RESET_PERIODS } from "#rules/licensing/terms";
import { codesOf, featureNamed } from "./named-features.ts";
import { UsageStats, UsageStatsQuery } from "./schemas.ts";
import { spanOf } from "./spans.ts";

const FEATURES_SHOWN = 100;
const LICENSES_SHOWN = 5;

export const showUsageStats = endpoint({
  route: createRoute({
    operationId: "usage.stats",
    method: "get",
    path: "/v1/usage/stats",
    security: scope("usage:read"),
    summary: "Count what is used and who uses most",
    description:
      "For the last 31 days unless from and to say otherwise, at most 366. The answer takes the longer the more licenses used anything in these days.",
    request: { query: UsageStatsQuery },
    responses: { 200: json(UsageStats, "The counts") },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const query = c.req.valid("query");
    const zone = repo.tenant.timeZone;
    const span = spanOf("day", query, now, zone);
    const featureId = await featureNamed(repo, query.feature);
    const { active, features } = await repo.usageSums.totals(span, { featureId }, FEATURES_SHOWN);
    const ids = features.map((feature) => feature.featureId);
    const starts = RESET_PERIODS.map((reset) => periodOf(reset, now, zone).startsAt);
    const [heaviest, marks, codeOf] = await Promise.all([
      repo.usageSums.heaviest(span, ids, LICENSES_SHOWN),
      repo.usageAlerts.marksReached(starts, featureId),
      codesOf(repo, ids),
    ]);
    const topOf = Map.groupBy(heaviest, (use) => use.featureId);
    return c.json(
      {
        object: "usage_stats" as const,
        from_on: span.from,
        to_on: span.to,
        active_licenses: active,
        features: features.map((feature) => ({
          feature: codeOf(feature.featureId),
          feature_id: feature.featureId,
          ...presentUse(feature, topOf.get(feature.featureId) ?? []),
        })),
        near_limit: THRESHOLDS.map((percent) => ({
          percent,
          licenses_count: marks.find((mark) => mark.percent === percent)?.licenses ?? 0,
        })),
        evaluated_at: now.toISOString(),
      },
      200,
    );
  },
});

const presentUse = ({ used, licenses }: FeatureUse, heaviest: readonly LicenseUse[]) => ({
  used,
  licenses_count: licenses,
  top_licenses: heaviest.map((use) => ({ license_id: use.licenseId, used: use.used })),
});
