import type { Repo } from "#db/repo";
import { isAddressRange } from "#rules/addresses";
import { countryOf } from "#rules/countries";
import { canonicalDuration } from "#rules/iso";
import { DEFAULT_KEY_FORMAT, isKeyPrefix, KEY_GROUPS, KEY_PREFIX_MAX } from "#rules/licensing/keys";
import * as rule from "#rules/licensing/terms";
import { isCurrency } from "#rules/money";
import { isVersionRange } from "#rules/versions";
import { featureArchived, featureNotFound } from "./not-found.ts";
import type { FieldError } from "./problem.ts";
import { invalidRequest } from "./problems.ts";
import { z, Amount, Currency, Instant, InstantInput, Ref } from "./wire.ts";

// The terms of a license as the wire spells them: a template shows and takes all of them, a license and an order line a part.

const MILLION = 1_000_000;

/** A count that may have no end: null = unlimited. */
const Limit = z.int().min(1).max(MILLION).nullish();

/** ISO 8601, whole units, kept in one spelling (`P01Y` becomes `P1Y`). Whether nothing (`P0D`) is long enough depends on the field. */
export const Duration = z
  .string()
  .max(80)
  .transform((text, context) => {
    const duration = canonicalDuration(text);
    if (duration !== null) return duration;
    context.addIssue({
      code: "custom",
      message: "must be a duration of ISO 8601 of at most 100 years, such as P1Y, P30D or PT12H",
    });
    return z.NEVER;
  })
  .openapi({ format: "duration", example: "P1Y" });

/** A currency that ISO 4217 lists. */
export const KnownCurrency = Currency.refine(isCurrency, "must be a currency of ISO 4217").openapi({ example: "EUR" });

/** A license's right to one feature, as a caller gives it. */
export const EntitlementInput = z
  .strictObject({
    feature: Ref.openapi({ description: "Id or code of the feature." }),
    enabled: z.boolean().default(true),
    limit_value: z.int().min(0).nullable().default(null).openapi({ description: "null = unlimited, 0 = none." }),
    limit_type: z
      .enum(rule.LIMIT_TYPES)
      .default("count")
      .openapi({ description: "count: units; size: bytes; duration: seconds; bandwidth: bytes a period." }),
    reset: z.enum(rule.RESET_PERIODS).default("never").openapi({ description: "By the calendar of the tenant's time zone." }),
    rollover: z
      .boolean()
      .default(false)
      .openapi({ description: "What is left when a period ends is added to the next one, once: at most one limit." }),
    expires_at: InstantInput.nullable().default(null),
  })
  .openapi("EntitlementInput", { example: { feature: "export", enabled: true, limit_value: 500, reset: "month" } });

/** The same as it is shown. */
export const Entitlement = z
  .object({
    feature: z.string().openapi({ description: "The feature's code, as it was when the right was given." }),
    feature_id: z.string(),
    enabled: z.boolean(),
    limit_value: z.int().nullable(),
    limit_type: z.enum(rule.LIMIT_TYPES),
    reset: z.enum(rule.RESET_PERIODS),
    expires_at: Instant.nullable(),
  })
  .openapi("Entitlement");

/** The same where it is given, with all that belongs to it. Decisions and license files say what may be used, and leave out how it carries on. */
export const GivenEntitlement = Entitlement.extend({ rollover: z.boolean() }).openapi("GivenEntitlement");

/** Rights to several features; each feature once. */
export const Entitlements = z.array(EntitlementInput).max(100);

/** What one value of a restriction must be, in its one spelling; null where it is none. */
const RESTRICTION_VALUES: Record<rule.Restriction["type"], { read: (text: string) => string | null; must: string }> = {
  geographic: { read: countryOf, must: "must be a country of ISO 3166-1, such as DE" },
  domain: { read: hostOf, must: "must be a domain name, such as example.com" },
  ip_range: {
    read: (text) => (isAddressRange(text) ? text : null),
    must: "must be an IP address or a CIDR range, such as 192.0.2.0/24",
  },
  version: { read: (text) => (isVersionRange(text) ? text : null), must: "must be a range of versions, such as ^2.0.0" },
};

/** Where, or with what, a license may be used. */
export const RestrictionInput = z
  .strictObject({
    type: z.enum(rule.RESTRICTION_TYPES),
    operator: z.enum(rule.RESTRICTION_OPERATORS),
    values: z.array(z.string().min(1).max(255)).min(1).max(100),
  })
  .transform(({ type, operator, values }, context) => {
    const { read, must } = RESTRICTION_VALUES[type];
    const known = values.map((text, index) => {
      const value = read(text);
      if (value === null) context.addIssue({ code: "custom", path: ["values", index], message: must });
      return value ?? text;
    });
    return { type, operator, values: [...new Set(known)] };
  })
  .openapi("RestrictionInput", { example: { type: "geographic", operator: "allow", values: ["DE", "AT"] } });

/** The same as it is shown. */
export const Restriction = z
  .object({ type: z.enum(rule.RESTRICTION_TYPES), operator: z.enum(rule.RESTRICTION_OPERATORS), values: z.array(z.string()) })
  .openapi("Restriction");

/** Several restrictions; all of them must be met. */
export const Restrictions = z
  .array(RestrictionInput)
  .max(100)
  // rows and events hold them whole, before and after a change, and the database takes 2 MB at once
  .refine((all) => JSON.stringify(all).length <= 200_000, "must be at most 200,000 characters in all");

/** Fields that one license may have otherwise than its template; each may be left out. Spread them into a strict object. */
export const overrideFields = {
  duration: Duration.nullish().openapi({ description: "null = perpetual." }),
  expiry_basis: z.enum(rule.EXPIRY_BASES).optional(),
  expiration_strategy: z.enum(rule.EXPIRATION_STRATEGIES).optional(),
  end_of_day: z.boolean().optional(),
  max_activations: Limit.openapi({
    description:
      "null = unlimited. 1 where it is left out, but unlimited for named users with max_users, and per CPU or core with max_cores.",
  }),
  max_cores: Limit,
  max_users: Limit,
  requires: z
    .array(z.enum(rule.REQUIRABLE_INPUTS))
    .max(20)
    .transform((inputs) => rule.REQUIRABLE_INPUTS.filter((input) => inputs.includes(input)))
    .optional(),
  entitlements: Entitlements.optional(),
  restrictions: Restrictions.optional(),
  grace_period: Duration.optional().openapi({ description: "P0D = none." }),
  grace_applies: z.enum(rule.GRACE_RULES).optional(),
  maintenance: Duration.nullish().openapi({ description: "How long new versions are included; null = as long as the license." }),
  auto_renew: z.boolean().optional(),
  overage: z
    .strictObject({
      mode: z.enum(rule.OVERAGE_MODES),
      percent: z.int().min(1).max(1000).nullish(),
      absolute: z.int().min(1).max(MILLION).nullish(),
    })
    .optional(),
  heartbeat: z
    .strictObject({
      required: z.boolean().optional(),
      interval_s: z.int().min(10).max(604_800).optional(),
      on_dead: z.enum(rule.ON_DEAD).optional(),
    })
    .optional(),
  lease_s: z.int().min(20).max(2_592_000).nullish().openapi({ description: "Type concurrent only; at least two heartbeats." }),
  component_threshold: z.int().min(1).max(16).nullish(),
  allow_kick: z.boolean().optional(),
  max_activations_per_30d: Limit,
  max_transfers: z.int().min(0).max(MILLION).nullish(),
  offline: z
    .strictObject({
      allowed: z.boolean().optional(),
      max_ttl: Duration.optional(),
      status_max_age_s: z
        .int()
        .min(60)
        .max(31_622_400)
        .nullish()
        .openapi({ description: "How old a status list a device may act on; null = it needs none." }),
    })
    .optional(),
  unknown_version: z
    .enum(rule.UNKNOWN_VERSIONS)
    .optional()
    .openapi({ description: "A version that the product does not list, where its release decides (maintenance)." }),
  on_clone: z.enum(rule.WEIGHTS).optional(),
  on_integrity_failure: z.enum(rule.WEIGHTS).optional(),
};

/** All fields of a template's terms but type and model; each may be left out. */
export const templateFields = {
  ...overrideFields,
  fingerprint_uniqueness: z.enum(rule.FINGERPRINT_SCOPES).optional(),
  pricing: z
    .strictObject({ currency: KnownCurrency, unit_amount: Amount, interval: z.enum(rule.PRICE_INTERVALS).nullish() })
    .nullish(),
  trial: z.strictObject({ allowed: z.boolean().optional(), duration: Duration.optional() }).optional(),
  key_format: z
    .strictObject({
      prefix: z.string().max(KEY_PREFIX_MAX).refine(isKeyPrefix, "must be A to Z and 0 to 9").nullish(),
      groups: z.int().min(KEY_GROUPS.min).max(KEY_GROUPS.max).optional(),
    })
    .nullish(),
};

type OverridesBody = z.infer<z.ZodObject<typeof overrideFields>>;
type TemplateBody = z.infer<z.ZodObject<typeof templateFields>>;

/** Where in a body the terms stand, and what the object was entitled to before. */
type Place = { at?: string | undefined; held?: readonly rule.Entitlement[] | undefined };

/** What one license says otherwise than its template, from the wire. Throws as `entitlementsFromWire` does. */
export async function overridesFromWire(
  repo: Pick<Repo, "features">,
  body: OverridesBody,
  place: Place = {},
): Promise<rule.TermsOverrides> {
  const { at = "", held } = place;
  return {
    duration: body.duration,
    expiryBasis: body.expiry_basis,
    expirationStrategy: body.expiration_strategy,
    endOfDay: body.end_of_day,
    maxActivations: body.max_activations,
    maxCores: body.max_cores,
    maxUsers: body.max_users,
    requires: body.requires,
    entitlements:
      body.entitlements &&
      (await entitlementsFromWire(repo, body.entitlements, { at: `${at}/entitlements`, ...(held && { held }) })),
    restrictions: body.restrictions,
    gracePeriod: body.grace_period,
    graceApplies: body.grace_applies,
    maintenance: body.maintenance,
    autoRenew: body.auto_renew,
    // a measure belongs to its mode: whoever changes the mode does not keep the other one's
    overage: body.overage && {
      mode: body.overage.mode,
      percent: body.overage.percent ?? null,
      absolute: body.overage.absolute ?? null,
    },
    heartbeat: body.heartbeat && {
      required: body.heartbeat.required,
      intervalS: body.heartbeat.interval_s,
      onDead: body.heartbeat.on_dead,
    },
    leaseS: body.lease_s,
    componentThreshold: body.component_threshold,
    allowKick: body.allow_kick,
    maxActivationsPer30d: body.max_activations_per_30d,
    maxTransfers: body.max_transfers,
    offline: body.offline && {
      allowed: body.offline.allowed,
      maxTtl: body.offline.max_ttl,
      statusMaxAgeS: body.offline.status_max_age_s,
    },
    unknownVersion: body.unknown_version,
    onClone: body.on_clone,
    onIntegrityFailure: body.on_integrity_failure,
  };
}

/** What a template says, from the wire; fields that are absent are undefined. Throws as `entitlementsFromWire` does. */
export async function termsFromWire(repo: Pick<Repo, "features">, body: TemplateBody, place: Place = {}) {
  const { pricing, trial, key_format: keyFormat } = body;
  return {
    ...(await overridesFromWire(repo, body, place)),
    fingerprintUniqueness: body.fingerprint_uniqueness,
    pricing: pricing && { currency: pricing.currency, unitAmount: pricing.unit_amount, interval: pricing.interval ?? null },
    trial: trial && { allowed: trial.allowed, duration: trial.duration },
    keyFormat: keyFormat && { prefix: keyFormat.prefix ?? null, groups: keyFormat.groups ?? DEFAULT_KEY_FORMAT.groups },
  } satisfies Omit<rule.TermsInput, "type" | "model">;
}

/**
 * The rights that a caller gives, with the features that they name by id or code.
 * Throws `feature_not_found`, `feature_archived` (unless the right was `held` before), and `invalid_request` for a feature named twice.
 */
export async function entitlementsFromWire(
  repo: Pick<Repo, "features">,
  inputs: readonly z.infer<typeof EntitlementInput>[],
  { at = "/entitlements", held = [] }: Place = {},
): Promise<rule.Entitlement[]> {
  if (inputs.length === 0) return [];
  const found = await repo.features.byNames(inputs.map(({ feature }) => feature));
  const seen = new Set<string>();
  return inputs.map((input, index) => {
    const fault = (code: string, detail: string): { errors: FieldError[] } => ({
      errors: [{ pointer: `${at}/${index}/feature`, code, detail }],
    });
    // an id wins over another feature's code of the same text
    const feature = found.find(({ id }) => id === input.feature) ?? found.find(({ code }) => code === input.feature);
    if (!feature) throw featureNotFound({}, fault("feature_not_found", "There is no such feature."));
    if (feature.archivedAt !== null && !held.some(({ featureId }) => featureId === feature.id)) {
      throw featureArchived({}, fault("feature_archived", "The feature is archived."));
    }
    if (seen.has(feature.id))
      throw invalidRequest({ what: "A feature is named twice." }, fault("duplicate_feature", "Name each feature once."));
    seen.add(feature.id);
    refuseIdleRollover(input, `${at}/${index}/rollover`);
    return {
      featureId: feature.id,
      feature: feature.code,
      enabled: input.enabled,
      limitValue: input.limit_value,
      limitType: input.limit_type,
      reset: input.reset,
      // rights that were written before there was such a thing have none: equal rights are equal texts
      ...(input.rollover && { rollover: true }),
      expiresAt: input.expires_at?.toISOString() ?? null,
    };
  });
}

/** Nothing can be left over where nothing is limited, or no period ever ends. */
function refuseIdleRollover({ rollover, reset, limit_value: limit }: z.infer<typeof EntitlementInput>, pointer: string): void {
  if (!rollover || (reset !== "never" && limit !== null)) return;
  const detail = "Only a quota with a limit and a reset period has something left over: give both, or leave rollover out.";
  throw invalidRequest({ what: detail }, { errors: [{ pointer, code: "nothing_to_roll_over", detail }] });
}

/** Refuses terms that contradict themselves. `at` is where they stand in the body. Throws `invalid_request` with every fault. */
export function refuseUnsoundTerms(terms: rule.TemplateTerms, at = ""): void {
  const faults = rule.whyNotTerms(terms);
  const first = faults[0];
  if (!first) return;
  const errors = faults.map((fault) => ({ ...fault, pointer: at + fault.pointer }));
  throw invalidRequest({ what: first.detail }, { errors });
}

/** The terms of a template as they are shown. */
export const termsOutput = {
  type: z.enum(rule.LICENSE_TYPES),
  model: z.enum(rule.LICENSE_MODELS),
  duration: z.string().nullable(),
  expiry_basis: z.enum(rule.EXPIRY_BASES),
  expiration_strategy: z.enum(rule.EXPIRATION_STRATEGIES),
  end_of_day: z.boolean(),
  max_activations: z.int().nullable(),
  max_cores: z.int().nullable(),
  max_users: z.int().nullable(),
  requires: z.array(z.enum(rule.REQUIRABLE_INPUTS)),
  fingerprint_uniqueness: z.enum(rule.FINGERPRINT_SCOPES),
  entitlements: z.array(GivenEntitlement),
  restrictions: z.array(Restriction),
  pricing: z.object({ currency: z.string(), unit_amount: z.int(), interval: z.enum(rule.PRICE_INTERVALS).nullable() }).nullable(),
  trial: z.object({ allowed: z.boolean(), duration: z.string() }),
  grace_period: z.string(),
  grace_applies: z.enum(rule.GRACE_RULES),
  maintenance: z.string().nullable(),
  auto_renew: z.boolean(),
  overage: z.object({ mode: z.enum(rule.OVERAGE_MODES), percent: z.number().nullable(), absolute: z.int().nullable() }),
  heartbeat: z.object({ required: z.boolean(), interval_s: z.int(), on_dead: z.enum(rule.ON_DEAD) }),
  lease_s: z.int().nullable(),
  component_threshold: z.int().nullable(),
  allow_kick: z.boolean(),
  max_activations_per_30d: z.int().nullable(),
  max_transfers: z.int().nullable(),
  offline: z.object({ allowed: z.boolean(), max_ttl: z.string(), status_max_age_s: z.int().nullable() }),
  unknown_version: z.enum(rule.UNKNOWN_VERSIONS),
  on_clone: z.enum(rule.WEIGHTS),
  on_integrity_failure: z.enum(rule.WEIGHTS),
  key_format: z.object({ prefix: z.string().nullable(), groups: z.int() }).nullable(),
};

/** Terms as they are shown. */
export function termsToWire(stored: rule.TemplateTerms): z.infer<z.ZodObject<typeof termsOutput>> {
  const terms = rule.storedTerms(stored);
  const { pricing, trial, overage, heartbeat, offline, keyFormat } = terms;
  return {
    type: terms.type,
    model: terms.model,
    duration: terms.duration,
    expiry_basis: terms.expiryBasis,
    expiration_strategy: terms.expirationStrategy,
    end_of_day: terms.endOfDay,
    max_activations: terms.maxActivations,
    max_cores: terms.maxCores,
    max_users: terms.maxUsers,
    requires: [...terms.requires],
    fingerprint_uniqueness: terms.fingerprintUniqueness,
    entitlements: givenToWire(terms.entitlements),
    restrictions: restrictionsToWire(terms.restrictions),
    pricing: pricing && { currency: pricing.currency, unit_amount: pricing.unitAmount, interval: pricing.interval },
    trial: { allowed: trial.allowed, duration: trial.duration },
    grace_period: terms.gracePeriod,
    grace_applies: terms.graceApplies,
    maintenance: terms.maintenance,
    auto_renew: terms.autoRenew,
    overage: { mode: overage.mode, percent: overage.percent, absolute: overage.absolute },
    heartbeat: { required: heartbeat.required, interval_s: heartbeat.intervalS, on_dead: heartbeat.onDead },
    lease_s: terms.leaseS,
    component_threshold: terms.componentThreshold,
    allow_kick: terms.allowKick,
    max_activations_per_30d: terms.maxActivationsPer30d,
    max_transfers: terms.maxTransfers,
    offline: { allowed: offline.allowed, max_ttl: offline.maxTtl, status_max_age_s: offline.statusMaxAgeS },
    unknown_version: terms.unknownVersion,
    on_clone: terms.onClone,
    on_integrity_failure: terms.onIntegrityFailure,
    key_format: keyFormat && { prefix: keyFormat.prefix, groups: keyFormat.groups },
  };
}

/** A term that differs, as it was and as it is. */
export const TermChange = z.object({ field: z.string(), before: z.unknown(), after: z.unknown() });

/** Every field that differs, as it was and as it is. */
export function changesBetween(before: object, after: object): { field: string; before: unknown; after: unknown }[] {
  const was = new Map<string, unknown>(Object.entries(before));
  return Object.entries(after)
    .filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(was.get(field)))
    .map(([field, value]: [string, unknown]) => ({ field, before: was.get(field) ?? null, after: value }));
}

/** Rights as they are shown where they were given. */
export function givenToWire(entitlements: readonly rule.Entitlement[]): z.infer<typeof GivenEntitlement>[] {
  const shown = entitlementsToWire(entitlements);
  return entitlements.flatMap(({ rollover = false }, index) => {
    const right = shown[index];
    return right ? [{ ...right, rollover }] : [];
  });
}

/** Rights as decisions show them. */
export const entitlementsToWire = (entitlements: readonly rule.Entitlement[]): z.infer<typeof Entitlement>[] =>
  entitlements.map(entitlementToWire);

/** A right, without how it carries on. */
export function entitlementToWire(right: Omit<rule.Entitlement, "rollover">): z.infer<typeof Entitlement> {
  return {
    feature: right.feature,
    feature_id: right.featureId,
    enabled: right.enabled,
    limit_value: right.limitValue,
    limit_type: right.limitType,
    reset: right.reset,
    expires_at: right.expiresAt,
  };
}

/** Restrictions as they are shown. */
export function restrictionsToWire(restrictions: readonly rule.Restriction[]): z.infer<typeof Restriction>[] {
  return restrictions.map(({ type, operator, values }) => ({ type, operator, values: [...values] }));
}

/** A domain name in the form that the DNS knows, lower case and with Punycode for other scripts; null where the text is none. */
function hostOf(text: string): string | null {
  if (!/^[^\s/?#@:%\\[\]]+$/u.test(text)) return null;
  const url = URL.parse(`http://${text}/`);
  const host = url?.hostname.replace(/\.$/, "");
  return host !== undefined && host.length <= 253 && /^(?=.*[a-z])[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/.test(host)
    ? host
    : null;
}
