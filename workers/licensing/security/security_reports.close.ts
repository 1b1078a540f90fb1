import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { presentSecurityReport } from "./presenters.ts";
import { securityReportClosed, securityReportNotFound } from "./problems.ts";
import { SecurityReport, SecurityReportClosing } from "./schemas.ts";

export const closeSecurityReport = endpoint({
  route: createRoute({
    operationId: "security_reports.close",
    method: "post",
    path: "/v1/security_reports/{id}/close",
    security: scope("security_reports:write"),
    summary: "Close a security report",
    description:
      "Says how it ended. What is seen again afterwards opens a new report. Closing it again the same way changes nothing.",
    request: { params: idParam("srp"), body: jsonBody(SecurityReportClosing) },
    responses: {
      200: json(SecurityReport, "The report, closed"),
      ...problems(securityReportNotFound, securityReportClosed, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const { outcome, reason } = c.req.valid("json");
    const report = await changing(async () => {
      const before = await repo.securityReports.byId(id);
      if (!before) throw securityReportNotFound({});
      if (before.outcome === outcome) return presentSecurityReport(before);
      if (before.outcome !== null) throw securityReportClosed({ outcome: before.outcome });
      const row = { ...before, closedAt: now, outcome, closedReason: reason ?? null, updatedAt: now };
      const after = presentSecurityReport(row);
      const facts = [changeFact("security_report.closed", presentSecurityReport(before), after)];
      return (await repo.securityReports.update(row, { facts, answer: [200, after] })) && after;
    });
    return c.json(report, 200);
  },
});
