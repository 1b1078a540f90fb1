import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentSecurityReport } from "./presenters.ts";
import { securityReportNotFound } from "./problems.ts";
import { SecurityReport } from "./schemas.ts";

export const getSecurityReport = endpoint({
  route: createRoute({
    operationId: "security_reports.get",
    method: "get",
    path: "/v1/security_reports/{id}",
    security: scope("security_reports:read"),
    summary: "Get a security report",
    request: { params: idParam("srp") },
    responses: { 200: json(SecurityReport, "The report, with its evidence"), ...problems(securityReportNotFound) },
  }),

  handler: async (c) => {
    const report = await c.var.repo.securityReports.byId(c.req.valid("param").id);
    if (!report) throw securityReportNotFound({});
    return c.json(presentSecurityReport(report), 200);
  },
});
