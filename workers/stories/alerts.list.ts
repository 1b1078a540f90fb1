import { createRoute } from "@hono/zod-openapi";
import { ALERTS_OF_A_KIND } from "#db/stories/alerts";
import { endpoint, json, listOf, scope } from "#kernel/endpoint";
import { periodOf } from "#rules/entitlements/periods";
import { RESET_PERIODS } from "#rules/licensing/terms";
import { alertsOf, whyNoMail } from "./alerting.ts";
import { Alert } from "./schemas.ts";

const DAY_MS = 24 * 3_600_000;
/** The host tells every minute at least; one that was silent for this long does not run. */
const SILENT_AFTER_MS = 5 * 60_000;

export const listAlerts = endpoint({
  route: createRoute({
    operationId: "alerts.list",
    method: "get",
    path: "/v1/alerts",
    security: scope("alerts:read"),
    summary: "List what is wrong now",
    description:
      "Endpoints that fail or were disabled, mail that does not go out, addresses that were refused within a day, stories that are stuck or have failed, and quotas and limits that were reached in their present period. An alert is there as long as what it tells of; nothing has to be closed. At most twenty of a kind are shown.",
    responses: { 200: json(listOf(Alert), "What is wrong, the worst kinds first") },
  }),

  handler: async (c) => {
    const { repo, now, realNow } = c.var;
    const zone = repo.tenant.timeZone;
    // limits of the tenant itself are counted by the calendar of UTC, and in real time
    const starts = [...RESET_PERIODS.map((reset) => periodOf(reset, now, zone)), periodOf("month", realNow, "UTC")];
    const [trouble, mail] = await Promise.all([
      repo.alerts.read(
        starts.map(({ startsAt }) => startsAt),
        new Date(realNow.getTime() - DAY_MS),
      ),
      repo.mailStatus.read(),
    ]);
    const problem = whyNoMail(mail.transport, realNow, SILENT_AFTER_MS);
    const kinds = alertsOf(trouble, { problem, oldest: mail.oldest }, repo.tenantId);
    return c.json(
      {
        object: "list" as const,
        data: kinds.flatMap((alerts) => alerts.slice(0, ALERTS_OF_A_KIND)),
        has_more: kinds.some((alerts) => alerts.length > ALERTS_OF_A_KIND),
        next_cursor: null,
      },
      200,
    );
  },
});
