import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, jsonBody, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { settingsOf } from "#rules/tenants/settings";
import { presentNotice } from "./presenters.ts";
import { MailTestInput, Notice } from "./schemas.ts";

export const sendTestMail = endpoint({
  route: createRoute({
    operationId: "mail.test",
    method: "post",
    path: "/v1/mail/test",
    security: scope("mail:write"),
    summary: "Send a test mail",
    description:
      "Sends one mail with made-up values, marked as a test, the way that all mail goes. GET /v1/notices/{id} tells what came of it.",
    request: { body: jsonBody(MailTestInput) },
    responses: { 202: json(Notice, "The mail is on its way") },
  }),

  handler: async (c) => {
    const { repo, realNow } = c.var;
    const { to, kind, locale } = c.req.valid("json");
    const id = newId("notice", repo.shard, realNow);
    const row = {
      tenantId: repo.tenantId,
      id,
      kind: "test" as const,
      audience: "owner" as const,
      customerId: null,
      recipient: to ?? repo.tenant.ownerEmail,
      locale: settingsOf(repo.tenant.settings).mail.locale ?? repo.tenant.locale,
      subjectType: "tenant",
      subjectId: repo.tenantId,
      eventId: id, // it tells of nothing but itself
      params: { kind, ...(locale === undefined ? {} : { locale }) },
      state: "pending" as const,
      attempts: 0,
      resentAfter: 0,
      reachedAt: realNow,
      nextAt: realNow,
      leaseUntil: null,
      messageId: null,
      reason: null,
      lastError: null,
      sentAt: null,
      deliveredAt: null,
      endedAt: null,
      createdAt: realNow,
    };
    const notice = presentNotice(row);
    await repo.notices.insert(row, { facts: [fact("notice.tested", notice)], answer: [202, notice] });
    return c.json(notice, 202);
  },
});
