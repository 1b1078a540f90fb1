import { listQuery } from "#kernel/endpoint";
import { isCurrency } from "#rules/money";
import { SCOPES } from "#rules/scopes";
import { TIERS } from "#rules/tenants/tiers";
import { isTimeZone } from "#rules/time";
import { z, Currency, Email, ExternalId, Instant, ownedInput, ownedOutput, text } from "#kernel/wire";

const Slug = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be 1 to 63 of a-z, 0-9 and dash, as in a host name");
const TimeZone = z.string().max(64).refine(isTimeZone, "must be an IANA time zone, such as Europe/Berlin");
const Locale = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, "must be a BCP 47 language tag, such as en or de-AT");
const KnownCurrency = Currency.refine(isCurrency, "must be a currency of ISO 4217");

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
    sandbox_id: z.string(),
    ...ownedOutput,
  })
  .openapi("Tenant");

const BornKey = z.object({ id: z.string(), kind: z.enum(["secret", "publishable"]), livemode: z.boolean(), secret: z.string() });

export const TenantWithKeys = Tenant.extend({
  api_keys: z.array(BornKey).openapi({ description: "A secret and a publishable key for the tenant and for its sandbox, shown this once." }),
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
