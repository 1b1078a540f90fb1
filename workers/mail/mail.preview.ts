import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { KINDS, mailLocale } from "#rules/mail/kinds";
import { settingsOf } from "#rules/tenants/settings";
import { refuseFaults } from "./named-template.ts";
import { mailTemplateInvalid } from "./problems.ts";
import { brandValues, render, sampleValues } from "./rendering.ts";
import { MailPreview, MailPreviewInput } from "./schemas.ts";
import { MAILS } from "./written.ts";

export const previewMail = endpoint({
  idempotent: false,
  route: createRoute({
    operationId: "mail.preview",
    method: "post",
    path: "/v1/mail/preview",
    security: scope("mail:read"),
    summary: "See a mail before it is sent",
    description:
      "Makes a mail with made-up values in the tenant's brand: as it would be sent now, or from a draft of subject and body. Nothing is sent and nothing is kept.",
    request: { body: jsonBody(MailPreviewInput) },
    responses: { 200: json(MailPreview, "The mail"), ...problems(mailTemplateInvalid) },
  }),

  handler: async (c) => {
    const { repo, publicUrl } = c.var;
    const { kind, locale: wished, subject, body } = c.req.valid("json");
    refuseFaults(kind, { ...(subject === undefined ? {} : { subject }), ...(body === undefined ? {} : { body }) });
    const { tenant } = repo;
    const { mail } = settingsOf(tenant.settings);
    const locale = mailLocale(wished, mail.locale, tenant.locale);
    const own = await repo.mailTemplates.byName(kind, locale);
    const written = own ?? { subject: MAILS[kind][locale].subject, body: MAILS[kind][locale].text };
    const isDraft = subject !== undefined || body !== undefined;
    const words = isDraft ? { subject: subject ?? written.subject, body: body ?? written.body } : own;
    const values = {
      ...sampleValues(locale, "ada@customer.example"),
      ...brandValues(tenant.name, mail),
      "mail.unsubscribe_url": KINDS[kind].isLegal ? "" : `${publicUrl}/unsubscribe/sample`,
    };
    const from_name = mail.from_name ?? mail.brand_name ?? tenant.name;
    return c.json({ object: "mail_preview" as const, kind, locale, from_name, ...render(kind, locale, words, values) }, 200);
  },
});
