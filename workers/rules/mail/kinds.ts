import type { EventType } from "../events.ts";

/** Every kind of mail. The list is closed; a new one is a line here and a template in `mail/`. */
export const NOTICE_KINDS = [
  "order_fulfilled",
  "license_issued",
  "trial_started",
  "license_suspended",
  "license_reinstated",
  "license_revoked",
  "license_transferred",
  "quota_alert",
  "welcome",
  "test",
] as const;

export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** The languages that every mail is written in; what is asked for in another one is sent in the first. */
export const MAIL_LOCALES = ["en", "de"] as const;

export type MailLocale = (typeof MAIL_LOCALES)[number];

/** Whom a mail goes to: the customer that the license belongs to, the one it belonged to before, or the owner of the tenant. */
export type Audience = "customer" | "previous_customer" | "owner";

/** Of an order with more licenses than this the mail names none: a list of keys that long is no mail any more. */
export const KEYS_IN_A_MAIL = 20;

/** What may stand in a mail of any kind. */
const ALWAYS = ["brand.name", "brand.footer", "recipient.name", "recipient.email"] as const;
const LICENSE = ["product.name", "license.id", "license.last4", "license.issued_to", "license.expires_on"] as const;

/** What is known of one kind of mail. */
export type KindOfNotice = {
  /** Sent whatever the recipient unsubscribed from: it delivers what was bought, or tells of what touches a contract or its security. */
  isLegal: boolean;
  /** What its subject and text may name. */
  placeholders: readonly string[];
  /** What its text must name somewhere. */
  required: readonly string[];
};

export const KINDS: Record<NoticeKind, KindOfNotice> = {
  order_fulfilled: {
    isLegal: true,
    placeholders: [...ALWAYS, "order.number", "order.licenses_count", "order.keys"],
    required: ["order.keys"],
  },
  license_issued: { isLegal: true, placeholders: [...ALWAYS, ...LICENSE, "license.key"], required: ["license.key"] },
  trial_started: { isLegal: false, placeholders: [...ALWAYS, ...LICENSE, "license.key"], required: ["license.key"] },
  license_suspended: { isLegal: true, placeholders: [...ALWAYS, ...LICENSE], required: ["product.name"] },
  license_reinstated: { isLegal: false, placeholders: [...ALWAYS, ...LICENSE], required: ["product.name"] },
  license_revoked: { isLegal: true, placeholders: [...ALWAYS, ...LICENSE], required: ["product.name"] },
  license_transferred: {
    isLegal: true,
    placeholders: [...ALWAYS, ...LICENSE, "transfer.received"],
    required: ["product.name"],
  },
  quota_alert: {
    isLegal: false,
    placeholders: [...ALWAYS, "alert.what", "alert.percent", "alert.used", "alert.limit", "license.id"],
    required: ["alert.what", "alert.percent"],
  },
  welcome: { isLegal: false, placeholders: [...ALWAYS, "tenant.name", "tenant.docs_url"], required: [] },
  test: { isLegal: true, placeholders: [...ALWAYS], required: [] },
};

/** What people may want no more; the rest is sent in any case. */
export const OPTIONAL_KINDS = NOTICE_KINDS.filter((kind) => !KINDS[kind].isLegal);

/** A mail that a fact calls for. */
export type CalledFor = { kind: NoticeKind; to: Audience };

type Told = { type: EventType; object: Record<string, unknown> };

/** Which mails a fact calls for, before anybody was asked whether they want them. */
export function noticesFor({ type, object }: Told): readonly CalledFor[] {
  switch (type) {
    case "order.fulfilled":
      return [{ kind: "order_fulfilled", to: "customer" }];
    case "license.created":
      // those of an order are told together, when all of them are there
      if (typeof object["order_id"] === "string") return [];
      return [{ kind: object["type"] === "trial" ? "trial_started" : "license_issued", to: "customer" }];
    case "license.suspended":
      return [{ kind: "license_suspended", to: "customer" }];
    case "license.reinstated":
      return [{ kind: "license_reinstated", to: "customer" }];
    case "license.revoked":
      return [{ kind: "license_revoked", to: "customer" }];
    case "license.transferred":
      return [
        { kind: "license_transferred", to: "customer" },
        { kind: "license_transferred", to: "previous_customer" },
      ];
    case "quota.threshold_reached":
    case "tenant_limit.threshold_reached":
      return [{ kind: "quota_alert", to: "owner" }];
    case "tenant.created":
      return [{ kind: "welcome", to: "owner" }];
    default:
      return [];
  }
}

/** The language of a mail: the first of the wished ones that mails are written in, by its language alone. */
export function mailLocale(...wished: readonly (string | null | undefined)[]): MailLocale {
  for (const tag of wished) {
    const language = tag?.split("-")[0]?.toLowerCase();
    const known = MAIL_LOCALES.find((locale) => locale === language);
    if (known) return known;
  }
  return MAIL_LOCALES[0];
}

/** Whether the text names a kind of mail. */
export const isNoticeKind = (text: string): text is NoticeKind => NOTICE_KINDS.some((kind) => kind === text);
