import type { MailLocale, NoticeKind } from "../mail/kinds.ts";
import { LIMIT_NAMES, type LimitNumbers } from "../limits/numbers.ts";

/** A tenant's settings by group. Rooms add their keys; what is absent in a row reads as its default. */
export type Settings = {
  licensing: {
    /** sealed: every license keeps a sealed copy of its key; hash_only: only the digest is kept. */
    key_storage: "sealed" | "hash_only";
    /** Grace of templates that name none, ISO 8601. */
    grace_period: string;
    /** How long after the end of the month that a seat was released in it is archived, ISO 8601, P31D to P10Y; null: never. */
    archive_activations_after: string | null;
  };
  validation: {
    /** What a validation answers while neither the database nor the feed of changes does: what was known last, or a 503. */
    when_blind: "fail_open" | "fail_closed";
    /** For how many seconds what was known last is answered, 60 to 86,400. */
    blind_for_s: number;
  };
  /** The tenant's own limits, lower than those of its tier; null: the tier's. */
  limits: LimitNumbers;
  webhooks: {
    /** How many times a delivery is tried before it is exhausted, 1 to 10. */
    max_attempts: number;
    /** An endpoint to which nothing arrived for so many days is disabled, 1 to 30. */
    disable_after_days: number;
    /** How many a second an endpoint that was away gets of what waited for it, 1 to 200. */
    catch_up_per_s: number;
    /** How many a second an endpoint without a rate of its own gets, 1 to 1,000; null: as many as it takes. */
    rate_per_s: number | null;
  };
  billing: {
    /** After how many days an invoice is due whose maker said nothing, 0 to 365. */
    net_terms_days: number;
    /** Which day's rates of tax count: that on which the invoice becomes final, or the first of the period that it bills. */
    tax_point: "issued" | "period_start";
  };
  mail: {
    /** Whom mails are from; null: the tenant's name. */
    from_name: string | null;
    /** The address that mails are from, where the transport may send for its domain; null: the transport's own. */
    from_email: string | null;
    /** Where answers go; null: to `from_email`, or nowhere in particular. */
    reply_to: string | null;
    /** The name above and below mails; null: the tenant's name. */
    brand_name: string | null;
    /** A picture in place of that name. */
    logo_url: string | null;
    /** #rrggbb */
    brand_color: string;
    /** One line at the foot of mails: who sends them, with a postal address. */
    footer: string | null;
    /** The language of mails to whom it is not known of; null: the tenant's own. */
    locale: MailLocale | null;
    /** Kinds of mail that are not sent at all. */
    disabled_kinds: NoticeKind[];
  };
};

export const DEFAULT_SETTINGS: Settings = {
  licensing: { key_storage: "sealed", grace_period: "P30D", archive_activations_after: "P90D" },
  validation: { when_blind: "fail_open", blind_for_s: 900 },
  limits: Object.fromEntries(LIMIT_NAMES.map((name) => [name, null])) as LimitNumbers,
  webhooks: { max_attempts: 10, disable_after_days: 5, catch_up_per_s: 20, rate_per_s: null },
  billing: {
    net_terms_days: 0,
    tax_point: "issued",
  },
  mail: {
    from_name: null,
    from_email: null,
    reply_to: null,
    brand_name: null,
    logo_url: null,
    brand_color: "#1f2937",
    footer: null,
    locale: null,
    disabled_kinds: [],
  },
};

export type SettingsPatch = {
  [Group in keyof Settings]?: { [Key in keyof Settings[Group]]?: Settings[Group][Key] | undefined } | undefined;
};

/** The settings after a change; absent keys stay as they are. */
export function changedSettings(settings: Settings, patch: SettingsPatch): Settings {
  return {
    licensing: { ...settings.licensing, ...present(patch.licensing ?? {}) },
    validation: { ...settings.validation, ...present(patch.validation ?? {}) },
    limits: { ...settings.limits, ...present(patch.limits ?? {}) },
    webhooks: { ...settings.webhooks, ...present(patch.webhooks ?? {}) },
    billing: { ...settings.billing, ...present(patch.billing ?? {}) },
    mail: { ...settings.mail, ...present(patch.mail ?? {}) },
  };
}

/** A row's settings with today's defaults for keys that it was written without. */
export function settingsOf(stored: SettingsPatch): Settings {
  return changedSettings(DEFAULT_SETTINGS, stored);
}

function present<T extends object>(patch: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}
