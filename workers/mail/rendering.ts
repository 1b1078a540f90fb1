import type { MailLocale, NoticeKind } from "#rules/mail/kinds";
import { escapeHtml, filled, oneLine, paragraphs, plain, type Values } from "#rules/mail/template";
import type { Settings } from "#rules/tenants/settings";
import { FRAMES, MAILS } from "./written.ts";

/** A mail as it is read. */
export type Rendered = { subject: string; html: string; text: string };

/** A tenant's own words for a mail. */
export type OwnWords = { subject: string; body: string };

/** How long a subject line may become. */
const SUBJECT_MAX = 250;

/** Makes a mail of its words and its values: everybody's words, or the tenant's own, in the one frame. `mark` stands before its subject. */
export function render(kind: NoticeKind, locale: MailLocale, own: OwnWords | undefined, values: Values, mark = ""): Rendered {
  const written = MAILS[kind][locale];
  const frame = FRAMES[locale];
  const subject = oneLine(mark + filled(own?.subject ?? written.subject, values, plain), SUBJECT_MAX);
  const around = { ...values, "mail.subject": subject };
  const text = filled(own?.body ?? written.text, values, plain).trimEnd();
  const words = own ? paragraphs(text) : filled(written.html, values, escapeHtml);
  return {
    subject,
    html: filled(frame.before, around, escapeHtml) + words + filled(frame.behind, around, escapeHtml),
    text: `${text}\n\n${filled(frame.text, around, plain)}`,
  };
}

/** The values that stand in every mail of a tenant. */
export function brandValues(name: string, mail: Settings["mail"]): Values {
  return {
    "brand.name": mail.brand_name ?? name,
    "brand.footer": mail.footer ?? "",
    "brand.color": mail.brand_color,
    "brand.logo_url": mail.logo_url ?? "",
  };
}

/** Made-up values, for previews and tests. */
export function sampleValues(locale: MailLocale, recipient: string): Values {
  return {
    "recipient.name": locale === "de" ? "Erika Mustermann" : "Ada Example",
    "recipient.email": recipient,
    "product.name": "Acme Studio",
    "license.id": "lic_00sample",
    "license.key": "7K2Q-XW3M-4TND-9YHC-2BVR-9XWD",
    "license.last4": "9XWD",
    "license.issued_to": recipient,
    "license.expires_on": dateIn(new Date("2027-12-31T12:00:00.000Z"), locale, "UTC"),
    "transfer.received": "yes",
    "alert.what": "exports",
    "alert.percent": "80",
    "alert.used": "800",
    "alert.limit": "1000",
    "tenant.name": "Acme",
    "tenant.docs_url": "https://licenses.example/docs",
  };
}

/** A day as people of that language write it, where they are. */
export const dateIn = (at: Date, locale: MailLocale, timeZone: string): string =>
  new Intl.DateTimeFormat(locale === "en" ? "en-GB" : locale, { dateStyle: "long", timeZone }).format(at);
