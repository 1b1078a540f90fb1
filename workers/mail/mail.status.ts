import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, scope } from "#kernel/endpoint";
import { MailStatus } from "./schemas.ts";

/** The host tells every minute at least; one that was silent for this long does not run. */
const SILENT_AFTER_MS = 5 * 60_000;

export const getMailStatus = endpoint({
  route: createRoute({
    operationId: "mail.status",
    method: "get",
    path: "/v1/mail/status",
    security: scope("mail:read"),
    summary: "Get how mail goes out",
    description:
      "Which transport sends, why nothing goes out if that is so, and how many mails wait. Mail that waits is not lost.",
    responses: { 200: json(MailStatus, "How it stands") },
  }),

  handler: async (c) => {
    const { repo, realNow } = c.var;
    const { transport, waiting, oldest } = await repo.mailStatus.read();
    const isSilent = transport === null || realNow.getTime() - transport.toldAt.getTime() > SILENT_AFTER_MS;
    const status = {
      object: "mail_status" as const,
      id: repo.tenantId,
      transport: transport?.transport ?? null,
      problem: isSilent ? "No worker host has said for minutes that it sends mail." : transport.problem,
      told_at: transport?.toldAt.toISOString() ?? null,
      waiting_count: waiting,
      waiting_since: oldest?.toISOString() ?? null,
    };
    return c.json(status, 200);
  },
});
