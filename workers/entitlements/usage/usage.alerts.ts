import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentUsageAlert } from "./presenters.ts";
import { UsageAlert, UsageAlertQuery } from "./schemas.ts";

export const listUsageAlerts = endpoint({
  isAlwaysOpen: true,
  route: createRoute({
    operationId: "usage.alerts",
    method: "get",
    path: "/v1/usage/alerts",
    security: scope("usage:read"),
    summary: "List quotas that reached 80 or 100 percent",
    description:
      "Each mark of a quota once a period, newest first; also those of the tenant's own limits, which name no license. Webhooks hear of them as `quota.threshold_reached` and `tenant_limit.threshold_reached`.",
    request: { query: UsageAlertQuery },
    responses: { 200: json(listOf(UsageAlert), "A page of alerts"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { license_id: licenseId, feature, percent } = query;
    const found = await repo.usageAlerts.list(page, { licenseId, feature, percent });
    return c.json(await presentPage(repo.tenantId, query, found, presentUsageAlert), 200);
  },
});
