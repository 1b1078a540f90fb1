import { listQuery } from "#kernel/endpoint";
import { z, Email, Instant, Ref, text } from "#kernel/wire";
import { isNoticeKind, MAIL_LOCALES, NOTICE_KINDS, OPTIONAL_KINDS } from "#rules/mail/kinds";
import { NOTICE_STATES, SUPPRESSED_REASONS } from "#rules/mail/states";

const Kind = z.enum(NOTICE_KINDS);
const OptionalKind = z.enum(OPTIONAL_KINDS, {
  error: ({ input }) =>
    typeof input === "string" && isNoticeKind(input)
      ? `${input} is always sent: nobody can unsubscribe from it. Turn it off for everybody with the setting mail.disabled_kinds.`
      : undefined,
});
const MailLocale = z.enum(MAIL_LOCALES);

export const Notice = z
  .object({
    object: z.literal("notice"),
    id: z.string(),
    kind: Kind,
    audience: z
      .enum(["customer", "previous_customer", "owner"])
      .openapi({ description: "Whom it goes to: the license's customer, the one before a transfer, or the tenant's owner." }),
    customer_id: z.string().nullable(),
    recipient: z.string().openapi({ description: "The address it goes to." }),
    locale: MailLocale.openapi({ description: "The language it is written in." }),
    subject: z.object({ type: z.string(), id: z.string() }).openapi({ description: "What it tells of." }),
    event_id: z.string().nullable().openapi({ description: "The event that called for it; null for a test." }),
    state: z.enum(NOTICE_STATES).openapi({
      description:
        "pending: it waits, or is tried again. sent: the mail server took it. delivered: the recipient's did, where the transport tells. bounced: the recipient's address was refused for good. failed: given up, or the mail itself was refused. suppressed: not sent, and `reason` says why.",
    }),
    reason: z.enum(SUPPRESSED_REASONS).nullable(),
    attempts_count: z.int(),
    next_attempt_at: Instant.nullable(),
    message_id: z.string().nullable().openapi({
      description: "The Message-ID of the last attempt; the same on every retry, another one when it is sent again.",
    }),
    last_error: z.string().nullable(),
    created_at: Instant,
    sent_at: Instant.nullable(),
    delivered_at: Instant.nullable().openapi({ description: "When the recipient's server took it, where the transport tells." }),
    ended_at: Instant.nullable(),
  })
  .openapi("Notice");

export const NoticeWithAttempts = Notice.extend({
  attempts: z.array(
    z.object({
      object: z.literal("attempt"),
      id: z.string(),
      number: z.int(),
      created_at: Instant,
      duration_ms: z.int(),
      outcome: z.enum(["accepted", "deferred", "refused", "unreached"]),
      status: z.int().nullable().openapi({ description: "What the mail server answered; null when nobody did." }),
      detail: z.string().nullable().openapi({ description: "The same in its words." }),
    }),
  ),
}).openapi("NoticeWithAttempts");

export const NoticeQuery = listQuery({
  state: z.enum(NOTICE_STATES).optional(),
  kind: Kind.optional(),
  customer_id: Ref.optional(),
  subject_id: Ref.optional().openapi({ description: "The license, or other object, that it tells of." }),
});

export const MailPreferences = z
  .object({
    object: z.literal("mail_preferences"),
    id: z.string().openapi({ description: "The customer." }),
    unsubscribed: z.array(Kind).openapi({ description: "Kinds that are not sent to them." }),
    always_sent: z.array(Kind).openapi({ description: "Kinds that are sent in any case: nobody can unsubscribe from them." }),
    bounced_at: Instant.nullable().openapi({
      description: "When mail to their address came back for good; since then only what is always sent goes there.",
    }),
    bounced_detail: z.string().nullable(),
  })
  .openapi("MailPreferences");

export const MailPreferencesInput = z
  .strictObject({
    unsubscribed: z.array(OptionalKind).max(OPTIONAL_KINDS.length).openapi({
      description: "Kinds that they want no more; all of those, not only new ones. What is always sent cannot be among them.",
    }),
    lift_bounce: z.boolean().default(false).openapi({ description: "Their address may be mailed again." }),
  })
  .openapi("MailPreferencesInput", { example: { unsubscribed: ["trial_started"], lift_bounce: true } });

const Placeholders = z.array(z.string());

export const MailTemplate = z
  .object({
    object: z.literal("mail_template"),
    id: z.string().openapi({ description: "`kind.locale`" }),
    kind: Kind,
    locale: MailLocale,
    always_sent: z.boolean().openapi({ description: "Nobody can unsubscribe from it." }),
    enabled: z.boolean().openapi({ description: "Whether mails of the kind are sent at all (settings, mail.disabled_kinds)." }),
    customized: z.boolean().openapi({ description: "Whether these are the tenant's own words." }),
    subject: z.string(),
    body: z.string().openapi({ description: "Plain text with placeholders; a blank line begins a paragraph." }),
    placeholders: Placeholders.openapi({ description: "What subject and body may name." }),
    required: Placeholders.openapi({ description: "What the body must name." }),
    updated_at: Instant.nullable().openapi({
      description: "When the tenant's own words were written; null for those of everybody.",
    }),
  })
  .openapi("MailTemplate");

const Subject = text(200)
  .regex(/^[^\n\r\t]*$/, "must be one line")
  .openapi({ description: "One line, with placeholders." });
const Body = text(20_000).openapi({
  description:
    "Plain text: {{ name }} puts in a value, {{#if name}} … {{else}} … {{/if}} keeps a part where the value is not empty; a blank line begins a paragraph. HTML is not read, it is shown.",
});

export const MailTemplateInput = z.strictObject({ subject: Subject, body: Body }).openapi("MailTemplateInput", {
  example: {
    subject: "Your key for {{ product.name }}",
    body: "Hello {{ recipient.name }},\n\nhere is your key for {{ product.name }}:\n\n{{ license.key }}",
  },
});

/** Kind and language stand in the path, so unknown ones are not found rather than invalid. */
export const templateParam = z.strictObject({
  kind: z
    .string()
    .max(64)
    .openapi({ param: { name: "kind", in: "path" }, example: "license_issued" }),
  locale: z
    .string()
    .max(35)
    .openapi({ param: { name: "locale", in: "path" }, example: "en" }),
});

export const MailPreviewInput = z
  .strictObject({
    kind: Kind,
    locale: MailLocale.optional().openapi({ description: "Without one, the language of the tenant's mails." }),
    subject: Subject.optional().openapi({ description: "A draft; without one, what would be sent now." }),
    body: Body.optional(),
  })
  .openapi("MailPreviewInput", { example: { kind: "license_issued", locale: "de" } });

export const MailPreview = z
  .object({
    object: z.literal("mail_preview"),
    kind: Kind,
    locale: MailLocale,
    from_name: z.string(),
    subject: z.string(),
    html: z.string(),
    text: z.string(),
  })
  .openapi("MailPreview");

export const MailTestInput = z
  .strictObject({
    to: Email.optional().openapi({ description: "Where it goes; without one, to the tenant's owner." }),
    kind: Kind.default("test").openapi({ description: "Which mail it shows, with made-up values." }),
    locale: MailLocale.optional().openapi({ description: "Without one, the language of the tenant's mails." }),
  })
  .openapi("MailTestInput", { example: { kind: "license_issued", locale: "en" } });

export const MailStatus = z
  .object({
    object: z.literal("mail_status"),
    id: z.string(),
    transport: z
      .enum(["smtp", "mailchannels"])
      .nullable()
      .openapi({ description: "How mail goes out; null: none is configured, and mail waits." }),
    problem: z.string().nullable().openapi({ description: "Why nothing goes out; null when all is well." }),
    told_at: Instant.nullable().openapi({ description: "When the worker host said so; null: it never did." }),
    waiting_count: z.int().openapi({ description: "How many of this tenant's mails wait, counted up to 1,000." }),
    waiting_since: Instant.nullable(),
  })
  .openapi("MailStatus");

/** The link of a mail: what it holds is checked by its signature, so it is only bounded here. */
export const unsubscribeParam = z.strictObject({
  token: z
    .string()
    .max(500)
    .openapi({ param: { name: "token", in: "path" }, example: "dGVuXzAw….0123456789abcdefghjkmnpqrstvwxyz" }),
});
