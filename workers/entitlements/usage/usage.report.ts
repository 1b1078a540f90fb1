import { createRoute } from "@hono/zod-openapi";
import type { SumPlace } from "#db/entitlements/usage-sums";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { codesOf, featureNamed } from "./named-features.ts";
import { UsageReportQuery, UsageSum } from "./schemas.ts";
import { spanOf } from "./spans.ts";

export const reportUsage = endpoint({
  route: createRoute({
    operationId: "usage.report",
    method: "get",
    path: "/v1/usage/report",
    security: scope("usage:read"),
    summary: "Add up what was used by period and feature",
    description:
      "Over all licenses, or one. By day for the last 31 days (at most 366), by month for the last 366 (at most 1,827), by year for the last 1,827 (at most 7,305), unless from and to say otherwise; a period that they cut is summed inside of them. Newest first.",
    request: { query: UsageReportQuery },
    responses: { 200: json(listOf(UsageSum), "A page of sums"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const query = c.req.valid("query");
    const { limit, before } = await pageAsked(repo.tenantId, query);
    const span = spanOf(query.period, query, now, repo.tenant.timeZone);
    const filter = { licenseId: query.license_id, featureId: await featureNamed(repo, query.feature) };
    const { rows, hasMore } = await repo.usageSums.report(query.period, span, filter, limit, placeIn(before));
    const codeOf = await codesOf(
      repo,
      rows.map(({ featureId }) => featureId),
    );
    const placed = { rows: rows.map((sum) => ({ id: placeOf(sum), ...sum })), hasMore };
    const page = await presentPage(repo.tenantId, query, placed, ({ period, featureId, used, licenses }) => ({
      object: "usage_sum" as const,
      period,
      feature: codeOf(featureId),
      feature_id: featureId,
      used,
      licenses_count: licenses,
    }));
    return c.json(page, 200);
  },
});

/** Where a sum stands in the order of this list. */
const placeOf = ({ period, featureId }: SumPlace) => `${period}.${featureId}`;

function placeIn(cursor: string | null): SumPlace | null {
  if (cursor === null) return null;
  const [, period, featureId] = /^(\d{4}(?:-\d\d){0,2})\.(\w{1,64})$/.exec(cursor) ?? [];
  if (period === undefined || featureId === undefined) throw invalidCursor({});
  return { period, featureId };
}
