import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { settingsOf } from "#rules/tenants/settings";
import { namedTemplate, refuseFaults } from "./named-template.ts";
import { presentTemplate } from "./presenters.ts";
import { mailTemplateInvalid, mailTemplateNotFound } from "./problems.ts";
import { MailTemplate, MailTemplateInput, templateParam } from "./schemas.ts";

export const updateMailTemplate = endpoint({
  route: createRoute({
    operationId: "mail_templates.update",
    method: "put",
    path: "/v1/mail/templates/{kind}/{locale}",
    security: scope("mail:write"),
    summary: "Say a mail in your own words",
    description:
      "Subject and text of one kind of mail in one language, from the next mail on; logo, colour and footer stay around them (settings, mail). Words that name what there is not, or leave out what must stand in them, are refused.",
    request: { params: templateParam, body: jsonBody(MailTemplateInput) },
    responses: { 200: json(MailTemplate, "The template as it is now"), ...problems(mailTemplateInvalid, mailTemplateNotFound) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { kind, locale } = namedTemplate(c.req.valid("param"));
    const words = c.req.valid("json");
    refuseFaults(kind, words);
    const { mail } = settingsOf(repo.tenant.settings);
    const before = await repo.mailTemplates.byName(kind, locale);
    const row = { tenantId: repo.tenantId, kind, locale, ...words, createdAt: before?.createdAt ?? now, updatedAt: now };
    const after = presentTemplate(kind, locale, row, mail);
    const fact = changeFact("mail_template.updated", presentTemplate(kind, locale, before, mail), after);
    await repo.mailTemplates.put(row, { facts: [fact], answer: [200, after] });
    return c.json(after, 200);
  },
});
