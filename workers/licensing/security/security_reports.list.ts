import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentSecurityReport } from "./presenters.ts";
import { SecurityReport, SecurityReportQuery } from "./schemas.ts";

export const listSecurityReports = endpoint({
  route: createRoute({
    operationId: "security_reports.list",
    method: "get",
    path: "/v1/security_reports",
    security: scope("security_reports:read"),
    summary: "List security reports",
    description: "Newest first.",
    request: { query: SecurityReportQuery },
    responses: { 200: json(listOf(SecurityReport), "A page of reports"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { status, kind, license_id: licenseId, source, external_id: externalId } = query;
    const found = await repo.securityReports.list(page, { status, kind, licenseId, source, externalId });
    return c.json(await presentPage(repo.tenantId, query, found, presentSecurityReport), 200);
  },
});
