import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, scope } from "#kernel/endpoint";
import { MAIL_LOCALES, NOTICE_KINDS } from "#rules/mail/kinds";
import { settingsOf } from "#rules/tenants/settings";
import { presentTemplate } from "./presenters.ts";
import { MailTemplate } from "./schemas.ts";

export const listMailTemplates = endpoint({
  route: createRoute({
    operationId: "mail_templates.list",
    method: "get",
    path: "/v1/mail/templates",
    security: scope("mail:read"),
    summary: "List mail templates",
    description:
      "Every kind of mail in every language, with the words that are sent, whose they are, and what they may and must name. All of them in one answer.",
    responses: { 200: json(listOf(MailTemplate), "The templates") },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const own = await repo.mailTemplates.all();
    const { mail } = settingsOf(repo.tenant.settings);
    const data = NOTICE_KINDS.flatMap((kind) =>
      MAIL_LOCALES.map((locale) => {
        const words = own.find((row) => row.kind === kind && row.locale === locale);
        return presentTemplate(kind, locale, words, mail);
      }),
    );
    return c.json({ object: "list" as const, data, has_more: false, next_cursor: null }, 200);
  },
});
