import { listQuery } from "#kernel/endpoint";
import { isAddressRange } from "#rules/addresses";
import { parseDuration } from "#rules/iso";
import { isArchiveDelay } from "#rules/licensing/archive";
import { MAIL_LOCALES, NOTICE_KINDS } from "#rules/mail/kinds";
import { isCurrency } from "#rules/money";
import { LIMIT_NAMES, type LimitName } from "#rules/limits/numbers";
import { SCOPES } from "#rules/scopes";
import { TIERS } from "#rules/tenants/tiers";
import {
  z,
  Currency,
  Email,
  ExternalId,
  Instant,
  InstantInput,
  ownedInput,
  ownedOutput,
  Ref,
  text,
  Locale,
  TimeZone,
} from "#kernel/wire";

const Slug = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be 1 to 63 of a-z, 0-9 and dash, as in a host name");
const KnownCurrency = Currency.refine(isCurrency, "must be a currency of ISO 4217");

/** What each limit counts. */
const MEANING: Record<LimitName, string> = {
  requests_per_minute: "Requests a minute with secret keys to what publishable keys may not call.",
  requests_per_hour: "The same an hour.",
  requests_per_month: "The same a calendar month (UTC): the API calls of the tier.",
  key_requests_per_minute: "The same a minute for each secret key alone.",
  key_requests_per_hour: "The same an hour for each secret key alone.",
  address_requests_per_minute: "Requests a minute with publishable keys from one address, of IPv6 from one /64.",
  license_requests_per_minute: "Requests a minute with publishable keys about one license.",
  not_found_per_minute:
    "Unknown license keys a minute that one address may ask for before weak keys (under 64 bits) are no longer looked up for it.",
};

const Limits = z
  .object(
    Object.fromEntries(
      LIMIT_NAMES.map((name) => [
        name,
        z
          .int()
          .nullable()
          .openapi({
            description: `${MEANING[name]} null: in settings, not lowered (GET /v1/usage/limits shows what holds); elsewhere, no limit.`,
          }),
      ]),
    ) as Record<LimitName, z.ZodNullable<z.ZodInt>>,
  )
  .openapi("Limits");

const limit = (name: LimitName, none: string) =>
  z
    .int()
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .nullish()
    .openapi({ description: `${MEANING[name]} Null (default): ${none}.` });

/** The limits that may be set, each with what null stands for. */
const limitsInput = (whose: string) => ({
  requests_per_minute: limit("requests_per_minute", whose),
  requests_per_hour: limit("requests_per_hour", whose),
  requests_per_month: limit("requests_per_month", whose),
  key_requests_per_minute: limit("key_requests_per_minute", "no limit of its own"),
  key_requests_per_hour: limit("key_requests_per_hour", "no limit of its own"),
  address_requests_per_minute: limit("address_requests_per_minute", "6,000"),
  license_requests_per_minute: limit("license_requests_per_minute", "6,000"),
  not_found_per_minute: limit("not_found_per_minute", "600"),
});

export const Tenant = z
  .object({
    object: z.literal("tenant"),
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    tier: z.enum(TIERS),
    owner_email: z.string(),
    owner_name: z.string().nullable(),
    time_zone: z.string(),
    locale: z.string(),
    currency: z.string(),
    limits: Limits.openapi({ description: "The most that the tenant may set, by its tier and what an operator gave it." }),
    sandbox_id: z.string(),
    ...ownedOutput,
  })
  .openapi("Tenant");

const BornKey = z.object({ id: z.string(), kind: z.enum(["secret", "publishable"]), livemode: z.boolean(), secret: z.string() });

export const TenantWithKeys = Tenant.extend({
  api_keys: z
    .array(BornKey)
    .openapi({ description: "A secret and a publishable key for the tenant and for its sandbox, shown this once." }),
}).openapi("TenantWithKeys");

export const NewTenant = z
  .strictObject({
    name: text(200),
    slug: Slug,
    tier: z.enum(TIERS).optional(),
    owner_email: Email,
    owner_name: text(200).nullish(),
    time_zone: TimeZone.default("UTC"),
    locale: Locale.default("en"),
    currency: KnownCurrency.default("EUR"),
    ...ownedInput,
  })
  .openapi("NewTenant", { example: { name: "Acme Software", slug: "acme", owner_email: "ada@acme.example" } });

export const TenantPatch = z
  .strictObject({
    name: text(200).optional(),
    slug: Slug.optional(),
    tier: z.enum(TIERS).optional(),
    owner_email: Email.optional(),
    owner_name: text(200).nullish(),
    time_zone: TimeZone.optional(),
    locale: Locale.optional(),
    currency: KnownCurrency.optional(),
    limits: z
      .strictObject(limitsInput("the tier's number"))
      .nullish()
      .openapi({ description: "Numbers instead of those of the tier, higher or lower, as a whole. Null: the tier's." }),
    ...ownedInput,
  })
  .openapi("TenantPatch", { example: { name: "Acme Software GmbH" } });

export const TenantQuery = listQuery({ slug: Slug.optional(), external_id: ExternalId.optional() });

export const ApiKey = z
  .object({
    object: z.literal("api_key"),
    id: z.string(),
    kind: z.enum(["secret", "publishable"]),
    livemode: z.boolean(),
    name: z.string(),
    last4: z.string(),
    scopes: z.array(z.enum(SCOPES)),
    product_ids: z.array(z.string()),
    allowed_origins: z.array(z.string()),
    ip_allowlist: z.array(z.string()),
    expires_at: Instant.nullable(),
    last_used_at: Instant.nullable().openapi({ description: "Exact to five minutes." }),
    revoked_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("ApiKey");

export const ApiKeyWithSecret = ApiKey.extend({
  secret: z.string().openapi({ description: "The key itself, shown this once." }),
}).openapi("ApiKeyWithSecret");

const Origin = z
  .url({ protocol: /^https?$/ })
  .max(255)
  // asked also of texts that are no URL at all
  .refine((text) => text === URL.parse(text)?.origin, "must be an origin, such as https://app.example.com");

export const NewApiKey = z
  .strictObject({
    name: text(200),
    kind: z.enum(["secret", "publishable"]),
    scopes: z.array(z.enum(SCOPES)).max(100).optional().openapi({
      description:
        "Secret keys: what the key may do. Left out: everything its maker may, but making keys and opening license keys.",
    }),
    product_ids: z
      .array(Ref)
      .max(100)
      .optional()
      .openapi({ description: "Publishable keys: the products that the key is for. Left out: every product." }),
    expires_at: InstantInput.nullish(),
    ip_allowlist: z.array(z.string().max(64).refine(isAddressRange, "must be an IP address or a CIDR range")).max(100).optional(),
    allowed_origins: z.array(Origin).max(100).optional(),
    ...ownedInput,
  })
  .openapi("NewApiKey", { example: { name: "Build server", kind: "secret", scopes: ["licenses:read"] } });

export const ApiKeyQuery = listQuery({
  kind: z.enum(["secret", "publishable"]).optional(),
  revoked: z
    .stringbool({ truthy: ["true"], falsy: ["false"] })
    .optional()
    .openapi({ type: "boolean" }),
  external_id: ExternalId.optional(),
});

const SettingsGroups = {
  licensing: z.object({
    key_storage: z.enum(["sealed", "hash_only"]),
    grace_period: z.string(),
    archive_activations_after: z.string().nullable(),
  }),
  validation: z.object({ when_blind: z.enum(["fail_open", "fail_closed"]), blind_for_s: z.int() }),
  limits: Limits,
  webhooks: z.object({
    max_attempts: z.int(),
    disable_after_days: z.int(),
    catch_up_per_s: z.int(),
    rate_per_s: z.int().nullable(),
  }),
  billing: z.object({
    net_terms_days: z.int(),
    tax_point: z.enum(["issued", "period_start"]),
  }),
  mail: z.object({
    from_name: z.string().nullable(),
    from_email: z.string().nullable(),
    reply_to: z.string().nullable(),
    brand_name: z.string().nullable(),
    logo_url: z.string().nullable(),
    brand_color: z.string(),
    footer: z.string().nullable(),
    locale: z.enum(MAIL_LOCALES).nullable(),
    disabled_kinds: z.array(z.enum(NOTICE_KINDS)),
  }),
};

/** Text that stands in a header or on one line. */
const line = (max: number) => text(max).regex(/^[^\n\r\t]*$/, "must be one line");

const MailSettings = z.strictObject({
  from_name: line(100).nullish().openapi({ description: "Whom mails are from. Null (default): the tenant's name." }),
  from_email: Email.nullish().openapi({
    description:
      "The address that mails are from, where the operator's transport may send for its domain; otherwise answers go there. Null (default): the transport's own.",
  }),
  reply_to: Email.nullish().openapi({ description: "Where answers go. Null (default): to from_email." }),
  brand_name: line(100).nullish().openapi({ description: "The name above and below mails. Null (default): the tenant's name." }),
  logo_url: z
    .url({ protocol: /^https$/ })
    .max(500)
    .nullish()
    .openapi({ description: "A picture in place of the name, 40 pixels high. Null (default): none." }),
  brand_color: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, "must be #rrggbb")
    .optional()
    .openapi({ description: "Default #1f2937." }),
  footer: line(300).nullish().openapi({ description: "Who sends it, with a postal address. Null (default): none." }),
  locale: z
    .enum(MAIL_LOCALES)
    .nullish()
    .openapi({ description: "The language of mails to customers without one. Null (default): the tenant's locale." }),
  disabled_kinds: z
    .array(z.enum(NOTICE_KINDS))
    .max(NOTICE_KINDS.length)
    .optional()
    .openapi({ description: "Kinds of mail that are not sent at all; default none." }),
});

export const SettingsObject = z
  .object({ object: z.literal("settings"), id: z.string(), ...SettingsGroups, created_at: Instant, updated_at: Instant })
  .openapi("Settings");

export const SettingsPatch = z
  .strictObject({
    licensing: z
      .strictObject({
        key_storage: z.enum(["sealed", "hash_only"]).optional().openapi({
          description:
            "sealed (default): every license keeps a sealed copy of its key for reveal_key. hash_only: only a license made by an order does, until the first reveal or for 30 days.",
        }),
        grace_period: z
          .string()
          .max(50)
          .refine((period) => parseDuration(period) !== null, "must be an ISO 8601 duration, such as P30D; P0D means none")
          .optional()
          .openapi({ description: "Grace of templates that name none; default P30D." }),
        archive_activations_after: z
          .string()
          .max(50)
          .refine(isArchiveDelay, "must be an ISO 8601 duration from P31D to P10Y, such as P90D; null means never")
          .nullish()
          .openapi({
            description:
              "How long after the end of the month that a seat was released in it is archived; default P90D. Null: never. GET /v1/activations?archived=true shows what was.",
          }),
      })
      .optional(),
    validation: z
      .strictObject({
        when_blind: z.enum(["fail_open", "fail_closed"]).optional().openapi({
          description:
            "fail_open (default): while neither the database nor the feed of changes answers, a validation answers what was known last, marked stale. fail_closed: it answers 503.",
        }),
        blind_for_s: z.int().min(60).max(86_400).optional().openapi({
          description: "For how many seconds what was known last is answered; default 900. What is older gets a 503.",
        }),
      })
      .optional(),
    limits: z
      .strictObject(limitsInput("what the tier has"))
      .optional()
      .openapi({ description: "Lower limits than those of the tenant's tier. Null takes one's own number away." }),
    webhooks: z
      .strictObject({
        max_attempts: z.int().min(1).max(10).optional().openapi({ description: "How often a delivery is tried; default 10." }),
        disable_after_days: z.int().min(1).max(30).optional().openapi({
          description: "An endpoint to which nothing arrived for so many days is disabled; default 5.",
        }),
        catch_up_per_s: z.int().min(1).max(200).optional().openapi({
          description: "How many a second an endpoint that was away gets of what waited for it; default 20.",
        }),
        rate_per_s: z.int().min(1).max(1_000).nullish().openapi({
          description:
            "How many a second an endpoint without a `rate_per_s` of its own gets. Null (default): as many as it takes.",
        }),
      })
      .optional(),
    billing: z
      .strictObject({
        net_terms_days: z
          .int()
          .min(0)
          .max(365)
          .optional()
          .openapi({ description: "After how many days an invoice is due; default 0." }),
        tax_point: z.enum(["issued", "period_start"]).optional().openapi({
          description:
            "Which day's rates of tax count: issued (default), when the invoice becomes final, or the first of the period that it bills.",
        }),
      })
      .optional(),
    mail: MailSettings.optional(),
  })
  .openapi("SettingsPatch", { example: { licensing: { grace_period: "P14D" } } });

export const PaymentProvider = z
  .object({
    object: z.literal("payment_provider"),
    id: z.string(),
    provider: z.enum(["stripe", "paypal"]),
    account_id: z.string().nullable(),
    secret_key_last4: z.string(),
    webhook_secret_last4: z.string(),
    api_base: z.string().nullable(),
    hook_url: z.string().openapi({ description: "Where the provider is to send its signed events." }),
    created_at: Instant,
    updated_at: Instant,
  })
  .openapi("PaymentProvider");

export const PaymentProviderInput = z
  .strictObject({
    secret_key: z
      .string()
      .regex(
        /^(sk|rk)_(live|test)_[A-Za-z0-9_]{3,250}$/,
        "must be a secret key of Stripe: sk_live_…, sk_test_… or a restricted rk_…",
      ),
    webhook_secret: z
      .string()
      .regex(/^whsec_[A-Za-z0-9+/=_-]{6,250}$/, "must be the signing secret of a Stripe webhook endpoint: whsec_…"),
    account_id: z
      .string()
      .regex(/^acct_[A-Za-z0-9]{1,64}$/, "must be a Stripe account: acct_…")
      .nullish(),
    api_base: z
      .url({ protocol: /^https?$/ })
      .max(255)
      .nullish()
      .openapi({ description: "A simulator's address; development only." }),
  })
  .openapi("PaymentProviderInput", { example: { secret_key: "sk_live_acme", webhook_secret: "whsec_c2VjcmV0c2VjcmV0" } });

/** The provider stands in the path, so an unknown one is not found rather than invalid. */
export const providerParam = z.strictObject({
  provider: z
    .string()
    .max(64)
    .openapi({ param: { name: "provider", in: "path" }, example: "stripe" }),
});
