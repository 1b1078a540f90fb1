import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { settingsOf } from "#rules/tenants/settings";
import { namedTemplate } from "./named-template.ts";
import { presentTemplate } from "./presenters.ts";
import { mailTemplateNotFound } from "./problems.ts";
import { MailTemplate, templateParam } from "./schemas.ts";

export const getMailTemplate = endpoint({
  route: createRoute({
    operationId: "mail_templates.get",
    method: "get",
    path: "/v1/mail/templates/{kind}/{locale}",
    security: scope("mail:read"),
    summary: "Get a mail template",
    description: "The words that are sent, whose they are, and what they may and must name.",
    request: { params: templateParam },
    responses: { 200: json(MailTemplate, "The template"), ...problems(mailTemplateNotFound) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { kind, locale } = namedTemplate(c.req.valid("param"));
    const own = await repo.mailTemplates.byName(kind, locale);
    return c.json(presentTemplate(kind, locale, own, settingsOf(repo.tenant.settings).mail), 200);
  },
});
