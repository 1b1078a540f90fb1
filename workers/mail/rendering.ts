import type { MailLocale, NoticeKind } from "#rules/mail/kinds";
import { escapeHtml, filled, oneLine, paragraphs, plain, type Escape, type Values } from "#rules/mail/template";
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
  const words = own ? paragraphs(text) : filled(written.html, values, htmlLines);
  return {
    subject,
    html: filled(frame.before, around, escapeHtml) + words + filled(frame.behind, around, escapeHtml),
    text: `${text}\n\n${filled(frame.text, around, plain)}`,
  };
}

/** A value in HTML that may have several lines. */
const htmlLines: Escape = (value) => escapeHtml(value).replaceAll("\n", "<br/>");

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
    "order.number": "ORD-001042",
    "order.licenses_count": "2",
    "order.keys": [
      keyLine({ product: "Acme Studio", expiresOn: "", key: "7K2Q-XW3M-4TND-9YHC-2BVR-9XWD", last4: "9XWD" }, locale),
      keyLine({ product: "Acme Studio", expiresOn: "", key: "M3ZP-6RVA-H8JD-1QKS-CW5T-4N7E", last4: "4N7E" }, locale),
    ].join("\n"),
    "transfer.received": "yes",
    "alert.what": "exports",
    "alert.percent": "80",
    "alert.used": "800",
    "alert.limit": "1000",
    "tenant.name": "Acme",
    "tenant.docs_url": "https://licenses.example/docs",
  };
}

/** A key among those of an order, on a line of its own; of one that is not kept any more how it ends. */
export function keyLine(
  { product, expiresOn, key, last4 }: { product: string; expiresOn: string; key: string; last4: string },
  locale: MailLocale,
): string {
  const [until, ends] = locale === "de" ? ["gültig bis", "Schlüssel endet auf"] : ["valid until", "key ending in"];
  const what = expiresOn === "" ? product : `${product} (${until} ${expiresOn})`;
  return oneLine(`${what}: ${key === "" ? `${ends} ${last4}` : key}`, 400);
}

/** A day as people of that language write it, where they are. */
export const dateIn = (at: Date, locale: MailLocale, timeZone: string): string =>
  new Intl.DateTimeFormat(locale === "en" ? "en-GB" : locale, { dateStyle: "long", timeZone }).format(at);
