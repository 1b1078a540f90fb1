import { isPositiveDuration, parseDuration } from "../iso.ts";

/** What kind of right a license is. */
export const LICENSE_TYPES = ["perpetual", "subscription", "trial", "evaluation", "concurrent", "named_user"] as const;
export type LicenseType = (typeof LICENSE_TYPES)[number];

/** What is counted against the limit. `site` and `enterprise` count activations and never limit them. */
export const LICENSE_MODELS = ["per_seat", "per_device", "per_cpu", "per_core", "site", "enterprise"] as const;
export type LicenseModel = (typeof LICENSE_MODELS)[number];

/** When the first period begins. */
export const EXPIRY_BASES = ["creation", "first_activation", "first_validation"] as const;
export type ExpiryBasis = (typeof EXPIRY_BASES)[number];

/** What expiry does once grace is over: `restrict` denies, the others warn. */
export const EXPIRATION_STRATEGIES = ["restrict", "maintain", "allow"] as const;
export type ExpirationStrategy = (typeof EXPIRATION_STRATEGIES)[number];

/** Inputs that a template may require of every validation. */
export const REQUIRABLE_INPUTS = ["fingerprint", "product", "version", "domain", "user"] as const;
export type RequirableInput = (typeof REQUIRABLE_INPUTS)[number];

/** Within what one device may be known only once. */
export const FINGERPRINT_SCOPES = ["license", "product", "tenant"] as const;
export type FingerprintScope = (typeof FINGERPRINT_SCOPES)[number];

/** What a limit counts: units; bytes; seconds; bytes a period. */
export const LIMIT_TYPES = ["count", "size", "duration", "bandwidth"] as const;
/** When what was used starts again at zero. */
export const RESET_PERIODS = ["never", "day", "month", "year"] as const;
export type ResetPeriod = (typeof RESET_PERIODS)[number];
export const RESTRICTION_TYPES = ["geographic", "domain", "ip_range", "version"] as const;
export const RESTRICTION_OPERATORS = ["allow", "deny"] as const;
/** Whether grace follows every expiry, or only one that a failed renewal caused. */
export const GRACE_RULES = ["always", "renewal_failed"] as const;
export const OVERAGE_MODES = ["none", "limited", "unlimited"] as const;
/** What becomes of the seat of a device that fell silent. */
export const ON_DEAD = ["free_seat", "keep"] as const;
/** What a remark of ours on one device does to its validations. */
export const WEIGHTS = ["warn", "deny"] as const;
/** What becomes of a program whose version is not among the product's, where its release decides. */
export const UNKNOWN_VERSIONS = ["allow", "deny"] as const;
export const PRICE_INTERVALS = ["day", "week", "month", "year", "one_time"] as const;

/** A license's right to one feature. */
export type Entitlement = {
  featureId: string;
  /** the feature's code, as it was when the right was given */
  feature: string;
  enabled: boolean;
  /** null = unlimited, 0 = none */
  limitValue: number | null;
  limitType: (typeof LIMIT_TYPES)[number];
  reset: (typeof RESET_PERIODS)[number];
  /** what is left when a period ends is added to the next one, once; absent in what was written before there was such a thing: no */
  rollover?: boolean;
  /** instant as on the wire, exclusive; null = as long as the license */
  expiresAt: string | null;
};

/** The right to a feature that is named by its id or its code; undefined where the license has none. */
export function entitlementFor({ entitlements }: Pick<TemplateTerms, "entitlements">, feature: string): Entitlement | undefined {
  return entitlements.find((right) => right.feature === feature || right.featureId === feature);
}

/** Where, or with what, a license may be used. */
export type Restriction = {
  type: (typeof RESTRICTION_TYPES)[number];
  operator: (typeof RESTRICTION_OPERATORS)[number];
  values: readonly string[];
};

/**
 * What a template's revision promises: every field of a template but its name, description and product.
 * Plain JSON, so that a revision is stored and compared as it is. Durations are ISO 8601, intervals whole seconds.
 */
export type TemplateTerms = {
  type: LicenseType;
  model: LicenseModel;
  /** null = perpetual */
  duration: string | null;
  expiryBasis: ExpiryBasis;
  expirationStrategy: ExpirationStrategy;
  /** the period ends with the customer's day */
  endOfDay: boolean;
  /** null = unlimited, as in the next two */
  maxActivations: number | null;
  maxCores: number | null;
  maxUsers: number | null;
  requires: readonly RequirableInput[];
  fingerprintUniqueness: FingerprintScope;
  entitlements: readonly Entitlement[];
  restrictions: readonly Restriction[];
  pricing: { currency: string; unitAmount: number; interval: (typeof PRICE_INTERVALS)[number] | null } | null;
  trial: { allowed: boolean; duration: string };
  /** `P0D` = none */
  gracePeriod: string;
  graceApplies: (typeof GRACE_RULES)[number];
  /** how long new versions are included; null = as long as the license */
  maintenance: string | null;
  autoRenew: boolean;
  overage: { mode: (typeof OVERAGE_MODES)[number]; percent: number | null; absolute: number | null };
  heartbeat: { required: boolean; intervalS: number; onDead: (typeof ON_DEAD)[number] };
  /** type `concurrent` only: how long a seat is held after the last heartbeat */
  leaseS: number | null;
  componentThreshold: number | null;
  allowKick: boolean;
  maxActivationsPer30d: number | null;
  maxTransfers: number | null;
  /** `statusMaxAgeS`: how old a status list a device may act on; null = it needs none */
  offline: { allowed: boolean; maxTtl: string; statusMaxAgeS: number | null };
  unknownVersion: (typeof UNKNOWN_VERSIONS)[number];
  onClone: (typeof WEIGHTS)[number];
  onIntegrityFailure: (typeof WEIGHTS)[number];
  keyFormat: { prefix: string | null; groups: number } | null;
};

/** Fields that belong to the template as a whole and cannot differ for one of its licenses. */
export const TEMPLATE_ONLY = ["type", "model", "fingerprintUniqueness", "pricing", "trial", "keyFormat"] as const;

type Loose<T> = { [K in keyof T]?: T[K] | undefined };
/** Terms that are JSON objects themselves: of these a part may be given. */
type Grouped = "trial" | "overage" | "heartbeat" | "offline";
type LooseTerms = Loose<Omit<TemplateTerms, Grouped>> & { [K in Grouped]?: Loose<TemplateTerms[K]> | undefined };

/** What whoever makes a template says; what is absent gets its default. */
export type TermsInput = Omit<LooseTerms, "type" | "model" | "keyFormat"> & {
  type: LicenseType;
  model: LicenseModel;
  keyFormat?: Loose<NonNullable<TemplateTerms["keyFormat"]>> | null | undefined;
};

/** What one license says otherwise than its template; what is absent is the template's. */
export type TermsOverrides = Omit<LooseTerms, (typeof TEMPLATE_ONLY)[number]> & {
  /** it is on trial for what its template sells, until it is converted */
  onTrial?: true | undefined;
};

/** Terms that revisions may lack, because they were written before there were any. */
const LATER_TERMS = {
  offline: { allowed: false, maxTtl: "P30D", statusMaxAgeS: null },
  unknownVersion: "allow",
  onClone: "warn",
  onIntegrityFailure: "warn",
} satisfies Partial<TemplateTerms>;

/** A revision as it was stored, with today's defaults for terms that it was written without. */
export function storedTerms(terms: TemplateTerms): TemplateTerms {
  // what is there keeps its place, so that equal terms are equal texts
  const { unknownVersion, onClone, onIntegrityFailure, offline } = LATER_TERMS;
  const later = { unknownVersion, onClone, onIntegrityFailure };
  const missing = Object.fromEntries(Object.entries(later).filter(([name]) => !Object.hasOwn(terms, name)));
  return {
    ...terms,
    ...missing,
    offline: { ...terms.offline, statusMaxAgeS: terms.offline.statusMaxAgeS ?? offline.statusMaxAgeS },
  };
}

/** A full set of terms from what was given: a year on one device, thirty days of grace, nothing else allowed or required. */
export function termsWithDefaults(input: TermsInput): TemplateTerms {
  const { type, model } = input;
  const onTrial = isTrial({ type });
  const heartbeat = { required: false, intervalS: 600, onDead: "free_seat" as const, ...given(input.heartbeat ?? {}) };
  const defaults: TemplateTerms = {
    type,
    model,
    duration: type === "perpetual" ? null : "P1Y",
    expiryBasis: "creation",
    expirationStrategy: "restrict",
    endOfDay: false,
    maxActivations: defaultSeats(input),
    maxCores: null,
    maxUsers: null,
    requires: [],
    fingerprintUniqueness: "license",
    entitlements: [],
    restrictions: [],
    pricing: null,
    trial: { allowed: false, duration: "P30D" },
    gracePeriod: onTrial ? "P0D" : "P30D",
    graceApplies: "always",
    maintenance: null,
    autoRenew: type === "subscription",
    overage: { mode: "none", percent: null, absolute: null },
    heartbeat,
    // one lost beat must not cost the seat
    leaseS: type === "concurrent" ? 2 * heartbeat.intervalS : null,
    componentThreshold: null,
    allowKick: false,
    maxActivationsPer30d: null,
    maxTransfers: null,
    ...LATER_TERMS,
    keyFormat: null,
  };
  const keyFormat = input.keyFormat ? { prefix: null, groups: 5, ...given(input.keyFormat) } : null;
  return { ...merged(defaults, { ...input, keyFormat: undefined }), keyFormat };
}

/** One device, unless the terms already limit what they are about, users or cores: then devices are limited only where that is said. */
function defaultSeats({ type, model, maxUsers, maxCores }: TermsInput): number | null {
  const byUsers = type === "named_user" && typeof maxUsers === "number";
  const byCores = (model === "per_cpu" || model === "per_core") && typeof maxCores === "number";
  return byUsers || byCores ? null : 1;
}

/** The terms that hold for one license: its template's revision, with what this license has otherwise. Lists are replaced whole. */
export function effectiveTerms(terms: TemplateTerms, overrides: TermsOverrides): TemplateTerms {
  const { onTrial, ...own } = overrides;
  const stored = storedTerms(terms);
  return merged(onTrial ? trialTerms(stored) : stored, own);
}

/**
 * What a template lets people try: what it sells, for the length of its trial, with nothing behind the end. Nobody floats on a trial: its
 * seats are held until they are given back.
 */
export function trialTerms(terms: TemplateTerms): TemplateTerms {
  const { duration } = terms.trial;
  return {
    ...terms,
    type: "trial",
    duration,
    gracePeriod: "P0D",
    expirationStrategy: "restrict",
    autoRenew: false,
    leaseS: null,
  };
}

/** How many seconds a seat is held after its last heartbeat; null where seats need no heartbeat. */
export function leaseLengthS(terms: Pick<TemplateTerms, "type" | "heartbeat" | "leaseS">): number | null {
  if (terms.type === "concurrent") return terms.leaseS ?? 2 * terms.heartbeat.intervalS;
  return terms.heartbeat.required ? 2 * terms.heartbeat.intervalS : null;
}

/** Whether a seat whose lease has ended is free for others at that instant. */
export function freesDeadSeats(terms: Pick<TemplateTerms, "type" | "heartbeat">): boolean {
  return terms.type === "concurrent" || terms.heartbeat.onDead === "free_seat";
}

/** What may be used without a remark, and up to where with a warning; null = no end. */
export type Limits = { limit: number | null; ceiling: number | null };

/**
 * How many seats may be held: `limit` without a remark, up to `ceiling` with a warning (the template's overage); null = no end.
 * A percentage of a limit gives whole seats, rounded down.
 */
export function seatLimits(terms: Pick<TemplateTerms, "model" | "maxActivations" | "overage">): Limits {
  return withOverage(isUnlimited(terms) ? null : terms.maxActivations, terms.overage);
}

/** The same for the cores that all its devices claim together, whatever the model. */
export function coreLimits(terms: Pick<TemplateTerms, "model" | "maxCores" | "overage">): Limits {
  return withOverage(isUnlimited(terms) ? null : terms.maxCores, terms.overage);
}

/** The same for its users. A license for named users has one place where it says nothing else; places have no overage. */
export function userLimits(terms: Pick<TemplateTerms, "type" | "model" | "maxUsers" | "overage">): Limits {
  if (terms.type === "named_user") return { limit: terms.maxUsers ?? 1, ceiling: terms.maxUsers ?? 1 };
  return withOverage(isUnlimited(terms) ? null : terms.maxUsers, terms.overage);
}

/** Whether a license lets its customer try the product: each device and customer may do that once. */
export function isTrial({ type }: Pick<TemplateTerms, "type">): boolean {
  return type === "trial" || type === "evaluation";
}

function isUnlimited({ model }: Pick<TemplateTerms, "model">): boolean {
  return model === "site" || model === "enterprise";
}

function withOverage(limit: number | null, { mode, percent, absolute }: TemplateTerms["overage"]): Limits {
  if (limit === null || mode === "unlimited") return { limit, ceiling: null };
  if (mode === "none") return { limit, ceiling: limit };
  return { limit, ceiling: limit + (absolute ?? Math.floor((limit * (percent ?? 0)) / 100)) };
}

/** One thing that is wrong with a set of terms; `pointer` is a JSON pointer into the body as the wire spells it. */
export type TermsFault = { pointer: string; code: string; detail: string };

/** Everything that makes these terms contradict themselves; the ranges of single fields are the schema's business. */
export function whyNotTerms(terms: TemplateTerms): TermsFault[] {
  const faults: TermsFault[] = [];
  const fault = (pointer: string, code: string, detail: string) => faults.push({ pointer, code, detail });

  if (terms.type === "perpetual" && terms.duration !== null)
    fault("/duration", "perpetual_has_no_duration", "A perpetual license never expires: leave the duration out.");
  if (terms.duration !== null && !isPositiveDuration(terms.duration))
    fault("/duration", "invalid_duration", "Give a duration longer than nothing, such as P1Y.");
  if (terms.maintenance !== null && !isPositiveDuration(terms.maintenance))
    fault("/maintenance", "invalid_duration", "Give a duration longer than nothing, such as P1Y.");
  if (!isPositiveDuration(terms.trial.duration))
    fault("/trial/duration", "invalid_duration", "Give a duration longer than nothing, such as P30D.");
  if (!isPositiveDuration(terms.offline.maxTtl))
    fault("/offline/max_ttl", "invalid_duration", "Give a duration longer than nothing, such as P30D.");
  if (parseDuration(terms.gracePeriod) === null) fault("/grace_period", "invalid_duration", "Give a duration; P0D means none.");

  if (terms.leaseS !== null && terms.type !== "concurrent")
    fault("/lease_s", "not_concurrent", "Only licenses of type concurrent have leases.");
  if (terms.leaseS !== null && terms.leaseS < 2 * terms.heartbeat.intervalS)
    fault(
      "/lease_s",
      "lease_too_short",
      `The lease must last two heartbeats: at least ${2 * terms.heartbeat.intervalS} seconds.`,
    );

  const { mode, percent, absolute } = terms.overage;
  if (mode === "limited" && (percent === null) === (absolute === null))
    fault("/overage", "overage_needs_one_measure", "Limited overage takes either percent or absolute.");
  if (mode !== "limited" && (percent !== null || absolute !== null))
    fault("/overage", "overage_has_no_measure", "Only limited overage takes percent or absolute.");
  return faults;
}

/** `over`'s defined fields win over `under`'s; grouped terms are merged by their parts, everything else is replaced whole. */
function merged(under: TemplateTerms, over: LooseTerms): TemplateTerms {
  return {
    ...under,
    ...given(over),
    trial: { ...under.trial, ...given(over.trial ?? {}) },
    overage: { ...under.overage, ...given(over.overage ?? {}) },
    heartbeat: { ...under.heartbeat, ...given(over.heartbeat ?? {}) },
    offline: { ...under.offline, ...given(over.offline ?? {}) },
  };
}

/** Without the fields that are there but undefined: an absent field must not erase a term. */
function given<T extends object>(fields: T): Given<T> {
  const kept: Given<T> = {};
  for (const field in fields) {
    const value: T[typeof field] = fields[field];
    if (value !== undefined) kept[field] = value;
  }
  return kept;
}

type Given<T> = { [K in keyof T]?: T[K] & ({} | null) };
