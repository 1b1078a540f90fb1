import { createRoute } from "@hono/zod-openapi";
import { empty, endpoint, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { settingsOf } from "#rules/tenants/settings";
import { namedTemplate } from "./named-template.ts";
import { presentTemplate } from "./presenters.ts";
import { mailTemplateNotFound } from "./problems.ts";
import { templateParam } from "./schemas.ts";

export const resetMailTemplate = endpoint({
  route: createRoute({
    operationId: "mail_templates.reset",
    method: "delete",
    path: "/v1/mail/templates/{kind}/{locale}",
    security: scope("mail:write"),
    summary: "Go back to the words that a mail began with",
    description: "Takes the tenant's own words away. Where there are none, nothing happens.",
    request: { params: templateParam },
    responses: { 204: empty("The mail is sent in the words of everybody"), ...problems(mailTemplateNotFound) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { kind, locale } = namedTemplate(c.req.valid("param"));
    const before = await repo.mailTemplates.byName(kind, locale);
    if (before) {
      const { mail } = settingsOf(repo.tenant.settings);
      const [own, everybodys] = [presentTemplate(kind, locale, before, mail), presentTemplate(kind, locale, undefined, mail)];
      const facts = [changeFact("mail_template.reset", own, everybodys)];
      await repo.mailTemplates.delete(kind, locale, { facts, answer: [204, null] });
    }
    return c.body(null, 204);
  },
});
