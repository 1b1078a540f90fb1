import { createRoute } from "@hono/zod-openapi";
import type { DayPlace } from "#db/entitlements/usage-days";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { featureNamed } from "./named-features.ts";
import { presentUsageDay } from "./presenters.ts";
import { UsageDay, UsageHistoryQuery } from "./schemas.ts";

/** Where all counting begins, and behind every day that is counted. */
const [FIRST, LAST] = ["1970-01-01", "9999-12-31"];

export const listUsageHistory = endpoint({
  route: createRoute({
    operationId: "usage.history",
    method: "get",
    path: "/v1/usage/history",
    security: scope("usage:read"),
    summary: "List what was used day by day",
    description:
      "A line for each license, feature and day of the tenant's calendar, newest first. A day follows its use within half a minute; usage that is told late counts to the day that it belongs to, and raises the levels of the days behind it.",
    request: { query: UsageHistoryQuery },
    responses: { 200: json(listOf(UsageDay), "A page of days"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const { limit, before } = await pageAsked(repo.tenantId, query);
    const filter = { licenseId: query.license_id, featureId: await featureNamed(repo, query.feature) };
    const span = { from: query.from ?? FIRST, to: query.to ?? LAST };
    const found = await repo.usageDays.list(span, filter, limit, placeIn(before));
    const placed = { rows: found.rows.map((day) => ({ id: placeOf(day), day })), hasMore: found.hasMore };
    return c.json(await presentPage(repo.tenantId, query, placed, ({ day }) => presentUsageDay(day)), 200);
  },
});

/** Where a day stands in the order of this list. */
const placeOf = ({ onDay, featureId, licenseId }: DayPlace) => `${onDay}.${featureId}.${licenseId}`;

function placeIn(cursor: string | null): DayPlace | null {
  if (cursor === null) return null;
  const [, onDay, featureId, licenseId] = /^(\d{4}-\d\d-\d\d)\.(\w{1,64})\.(\w{1,64})$/.exec(cursor) ?? [];
  if (onDay === undefined || featureId === undefined || licenseId === undefined) throw invalidCursor({});
  return { onDay, featureId, licenseId };
}
