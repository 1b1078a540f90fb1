import { listQuery } from "#kernel/endpoint";
import { DecisionCode, Reasons } from "#kernel/reasons";
import { Duration, Entitlement, GivenEntitlement, overrideFields, Restriction, TermChange } from "#kernel/terms";
import { z, Code, ExternalId, Instant, InstantInput, ownedInput, ownedOutput, Ref, text } from "#kernel/wire";
import { countryOf } from "#rules/countries";
import { RENEWAL_BASES, TERM_CAUSES } from "#rules/licensing/renewal";
import { HOLD_CAUSES, LICENSE_STATUSES, SUSPENDABLE_CAUSES } from "#rules/licensing/states";
import { LICENSE_MODELS, LICENSE_TYPES } from "#rules/licensing/terms";

export const License = z
  .object({
    object: z.literal("license"),
    id: z.string(),
    key_last4: z.string(),
    status: z.enum(LICENSE_STATUSES),
    type: z.enum(LICENSE_TYPES),
    model: z.enum(LICENSE_MODELS),
    product_id: z.string(),
    template_id: z.string(),
    template_rev: z.int(),
    customer_id: z.string(),
    reseller_id: z.string().nullable(),
    issued_to: z.string().nullable(),
    max_activations: z.int().nullable().openapi({ description: "null = unlimited." }),
    activations_count: z.int().openapi({ description: "Seats that are held now." }),
    max_cores: z.int().nullable().openapi({ description: "null = unlimited." }),
    cores_count: z.int().openapi({ description: "Cores that its devices claim now; one for a device that told of none." }),
    max_users: z.int().nullable().openapi({ description: "null = unlimited." }),
    users_count: z.int().openapi({
      description:
        "Users that hold seats now, a device without a user counting as one; of a license for named users those named.",
    }),
    entitlements: z.array(GivenEntitlement),
    restrictions: z.array(Restriction),
    starts_at: Instant,
    activated_at: Instant.nullable().openapi({ description: "The first activation." }),
    expires_at: Instant.nullable().openapi({ description: "Exclusive; null = never, or not before the first use." }),
    grace_until: Instant.nullable(),
    maintenance_until: Instant.nullable(),
    auto_renew: z.boolean(),
    order_id: z.string().nullable(),
    subscription_id: z.string().nullable(),
    holds: z.array(z.object({ cause: z.enum(HOLD_CAUSES), reason: z.string().nullable(), by: z.string(), at: Instant })),
    last_validated_at: Instant.nullable().openapi({ description: "Exact to a minute." }),
    converted_at: Instant.nullable().openapi({ description: "When a trial became paid for." }),
    canceled_at: Instant.nullable().openapi({ description: "When it ends, or ended, by being canceled; it may lie ahead." }),
    canceled_reason: z.string().nullable(),
    revoked_at: Instant.nullable(),
    revoked_reason: z.string().nullable(),
    ...ownedOutput,
  })
  .openapi("License");

const SAMPLE_KEY = "7K2Q-M8XT-0V4B-R3ZC-9XWD";

/** A text that may be a license key. What cannot be one is answered like any key that nobody has. */
export const LicenseKey = z.string().max(500).openapi({ example: SAMPLE_KEY });

export const LicenseWithKey = License.extend({
  license_key: z.string().openapi({ description: "Shown in this answer alone.", example: SAMPLE_KEY }),
}).openapi("LicenseWithKey");

const ownFields = {
  issued_to: text(255).nullish().openapi({ description: "Whom the license is made out to: a name or an address." }),
  expires_at: InstantInput.nullish().openapi({ description: "Instead of an end counted by the duration; null = never." }),
  reseller_id: Ref.nullish().openapi({ description: "A customer of kind organization." }),
};

export const NewLicense = z
  .strictObject({
    template_id: Ref,
    customer_id: Ref,
    starts_at: InstantInput.optional(),
    license_key: text(200)
      .optional()
      .openapi({ description: "An existing key to import; it then matches exactly as it is. Without it a key is made." }),
    trial: z.boolean().default(false).openapi({
      description:
        "Let the customer try what the template sells, for the duration of its trial: the license is of type trial until it is converted. A customer has one trial of a product.",
    }),
    ...ownFields,
    ...overrideFields,
    ...ownedInput,
  })
  .openapi("NewLicense", {
    example: { template_id: "tpl_00…", customer_id: "cus_00…", issued_to: "ada@customer.example", max_activations: 3 },
  });

export const LicensePatch = z
  .strictObject({
    starts_at: InstantInput.optional().openapi({ description: "While the license is pending." }),
    ...ownFields,
    ...overrideFields,
    ...ownedInput,
  })
  .openapi("LicensePatch", { example: { issued_to: "grace@customer.example", max_activations: 5 } });

const YesOrNo = z.stringbool({ truthy: ["true"], falsy: ["false"] });

export const LicenseQuery = listQuery({
  status: z.enum(LICENSE_STATUSES).optional(),
  customer_id: Ref.optional(),
  product_id: Ref.optional(),
  template_id: Ref.optional(),
  type: z.enum(LICENSE_TYPES).optional(),
  order_id: Ref.optional(),
  external_id: ExternalId.optional(),
  expires_before: InstantInput.optional(),
  expires_after: InstantInput.optional().openapi({ description: "At this instant or later." }),
  in_grace: YesOrNo.optional().openapi({ type: "boolean", description: "Expired, and still usable with a warning." }),
  q: z
    .string()
    .min(3)
    .max(100)
    .optional()
    .openapi({ description: "An id, the last four characters of a key, or how issued_to or external_id begins." }),
});

export const ExpiringQuery = listQuery({
  within: Duration.default("P30D").openapi({ description: "How far to look ahead, in the tenant's time zone.", example: "P30D" }),
  product_id: Ref.optional(),
  customer_id: Ref.optional(),
  auto_renew: YesOrNo.optional().openapi({ type: "boolean" }),
});

export const StatsQuery = z.strictObject({ product_id: Ref.optional(), customer_id: Ref.optional() });

const count = z.int().min(0);

export const LicenseStats = z
  .object({
    object: z.literal("license_stats"),
    total: count,
    by_status: z.record(z.enum(LICENSE_STATUSES), count),
    by_type: z.record(z.enum(LICENSE_TYPES), count),
    by_product: z
      .array(z.object({ product_id: z.string(), total: count, active: count, seats_held: count }))
      .openapi({ description: "The hundred products with the most licenses, those with the most first." }),
    in_grace: count.openapi({ description: "Of the expired ones, those that are still usable with a warning." }),
    expiring: z
      .array(z.object({ within: z.string(), count }))
      .openapi({ description: "How many run out that far ahead; GET /v1/licenses/expiring lists them." }),
    seats_held: count.openapi({ description: "Seats that devices or users hold now." }),
    evaluated_at: Instant,
  })
  .openapi("LicenseStats", {
    example: {
      object: "license_stats",
      total: 3,
      by_status: { pending: 0, active: 2, expired: 1, suspended: 0, revoked: 0, canceled: 0 },
      by_type: { perpetual: 0, subscription: 3, trial: 0, evaluation: 0, concurrent: 0, named_user: 0 },
      by_product: [{ product_id: "prod_00…", total: 3, active: 2, seats_held: 4 }],
      in_grace: 1,
      expiring: [
        { within: "P7D", count: 0 },
        { within: "P30D", count: 1 },
        { within: "P90D", count: 1 },
      ],
      seats_held: 4,
      evaluated_at: "2026-11-22T09:30:00.000Z",
    },
  });

const Rev = z
  .int()
  .min(1)
  .max(1_000_000)
  .optional()
  .openapi({ description: "A revision of it; the newest where it is left out." });

export const ChangeOfTemplate = z
  .strictObject({
    template_id: Ref,
    rev: Rev,
    dry_run: z.boolean().default(false).openapi({ description: "Say what it would change, and change nothing." }),
  })
  .openapi("ChangeOfTemplate", { example: { template_id: "tpl_00…", dry_run: true } });

export const Conversion = z
  .strictObject({ template_id: Ref.optional(), rev: Rev })
  .openapi("Conversion", { example: { template_id: "tpl_00…" } });

export const TemplateChange = z
  .object({
    object: z.literal("template_change"),
    dry_run: z.boolean(),
    changes: z.array(TermChange).openapi({ description: "Every term, and every end, that differs." }),
    own_terms: z.array(z.string()).openapi({ description: "What the license goes on having otherwise than the template." }),
    dropped_terms: z.array(z.string()).openapi({ description: "What it had of its own and that means nothing there." }),
    over_limits: z.array(z.string()).openapi({ description: "What is held beyond the new limits; nothing of it is taken away." }),
    activations_beyond: z
      .array(z.string())
      .openapi({ description: "The devices beyond the new limit of seats, at most a hundred." }),
    license: License.openapi({ description: "As it is now or, with dry_run, would be." }),
  })
  .openapi("TemplateChange");

export const KeyLookup = z
  .strictObject({ license_key: LicenseKey })
  .openapi("KeyLookup", { example: { license_key: SAMPLE_KEY } });

export const Suspension = z
  .strictObject({ reason: text(500), cause: z.enum(SUSPENDABLE_CAUSES).default("manual") })
  .openapi("Suspension", { example: { reason: "The customer asked for a pause", cause: "manual" } });

export const Reinstatement = z
  .strictObject({ cause: z.enum(HOLD_CAUSES).optional().openapi({ description: "Lift holds of this cause alone." }) })
  .openapi("Reinstatement", { example: { cause: "manual" } });

export const Renewal = z
  .strictObject({
    duration: Duration.optional().openapi({ description: "Instead of the duration of the license's own terms." }),
    until: InstantInput.optional().openapi({ description: "The new end itself (exclusive), instead of a duration." }),
    basis: z
      .enum(RENEWAL_BASES)
      .optional()
      .openapi({ description: "From where a duration counts; from_now_if_expired unless said otherwise." }),
    reference: text(200)
      .optional()
      .openapi({ description: "What it is for, such as an invoice: the same again changes nothing." }),
  })
  .refine(({ duration, until }) => duration === undefined || until === undefined, "takes a duration or until, not both")
  .openapi("Renewal", { example: { duration: "P1Y", reference: "invoice-4711" } });

export const LicenseTerm = z
  .object({
    object: z.literal("license_term"),
    number: z.int().openapi({ description: "1 is the first." }),
    license_id: z.string(),
    starts_at: Instant,
    ends_at: Instant.nullable().openapi({ description: "Exclusive; null = never." }),
    cause: z.enum(TERM_CAUSES),
    basis: z.enum(RENEWAL_BASES).nullable().openapi({ description: "Of a renewal: from where it was counted." }),
    reference: z.string().nullable(),
    created_at: Instant,
  })
  .openapi("LicenseTerm");

export const LicenseTermQuery = listQuery({});

export const Revocation = z
  .strictObject({ reason: text(500) })
  .openapi("Revocation", { example: { reason: "The key was published" } });

export const Cancellation = z
  .strictObject({
    at: InstantInput.nullish().openapi({
      description: "When the license ends; absent = now, null takes back a cancellation that has not come yet.",
    }),
    reason: text(500).nullish(),
  })
  .openapi("Cancellation", { example: { reason: "The customer stops at the end of the year", at: "2099-12-31T23:00:00.000Z" } });

export const RevealedKey = z
  .object({ object: z.literal("license_key"), license_id: z.string(), license_key: z.string(), key_last4: z.string() })
  .openapi("RevealedKey");

/** What a device tells of itself. The fingerprint is a hash that the program makes; only a keyed digest of it is kept. */
export const Fingerprint = z.string().min(1).max(512).openapi({ example: "b1946ac92492d2347c6235b4d2611184" });

export const Validation = z
  .strictObject({
    license_key: LicenseKey,
    fingerprint: Fingerprint.optional(),
    user: Ref.optional(),
    product: Ref.optional().openapi({ description: "Id or code." }),
    version: z.string().min(1).max(100).optional(),
    features: z.array(Ref).max(100).optional().openapi({ description: "Features that must be licensed, by id or code." }),
    domain: z.string().min(1).max(253).optional(),
    nonce: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .openapi({ description: "Comes back signed, so that an old answer cannot be replayed." }),
  })
  .openapi("Validation", {
    example: { license_key: SAMPLE_KEY, fingerprint: "b1946ac92492d2347c6235b4d2611184", nonce: "n-0f3a" },
  });

/** With a secret key: today's record judged at another instant, or as if asked from elsewhere, without any effect. */
export const DryRun = z.strictObject({
  dry_run: z
    .stringbool({ truthy: ["true"], falsy: ["false"] })
    .optional()
    .openapi({ type: "boolean", description: "Secret keys only: judge without any effect and without a token." }),
  at: InstantInput.optional().openapi({ description: "With dry_run: the instant to judge at." }),
  country: z
    .string()
    .max(10)
    .transform((country, context) => {
      const known = countryOf(country);
      if (known !== null) return known;
      context.addIssue({ code: "custom", message: "must be a country of ISO 3166-1, such as DE" });
      return z.NEVER;
    })
    .optional()
    .openapi({ type: "string", example: "DE", description: "With dry_run: the country to judge from." }),
  ip: z
    .union([z.ipv4(), z.ipv6()])
    .optional()
    .openapi({ type: "string", example: "192.0.2.1", description: "With dry_run: the address to judge from." }),
});

export const Decision = z
  .object({
    object: z.literal("decision"),
    id: z.string().openapi({
      description:
        "Names the decision; the token's jti. The same question without a nonce may get the same decision again for up to five seconds.",
    }),
    valid: z.boolean(),
    code: DecisionCode,
    reasons: Reasons,
    license: z
      .object({
        id: z.string(),
        status: z.enum(LICENSE_STATUSES),
        type: z.enum(LICENSE_TYPES),
        product_id: z.string(),
        expires_at: Instant.nullable(),
        grace_until: Instant.nullable(),
        max_activations: z.int().nullable(),
        entitlements: z.array(Entitlement),
      })
      .nullable(),
    evaluated_at: Instant,
    snapshot_age_ms: z.int().openapi({
      description:
        "How old what the decision rests on was at evaluated_at, in milliseconds; 0 = read for it. At most 10,000 unless stale.",
    }),
    stale: z.boolean().openapi({
      description:
        "Nothing behind the edge could be asked whether the license still is as it was last known. Only what was valid is answered so.",
    }),
    nonce: z
      .string()
      .nullable()
      .openapi({ description: "The nonce of the question, which the token has too; null = none was sent." }),
    next: z
      .object({ action: z.enum(["renew", "activate", "free_a_seat", "upgrade", "contact_vendor"]), url: z.string().nullable() })
      .nullable(),
    token: z.string().nullable().openapi({
      description: "The signed answer (compact JWS, EdDSA, typ olp1-decision+jws): act on its claims. null for a dry run.",
    }),
  })
  .openapi("Decision");

const Metrics = z.object({ counters: z.record(z.string(), z.number()), gauges: z.record(z.string(), z.number()), seq: z.int() });

export const Activation = z
  .object({
    object: z.literal("activation"),
    id: z.string(),
    license_id: z.string(),
    user: z.string().nullable(),
    name: z.string().nullable(),
    platform: z.string().nullable(),
    app_version: z.string().nullable(),
    cores: z.int().nullable().openapi({ description: "null = the device did not say; it counts as one." }),
    components: z.array(z.string()).openapi({ description: "The kinds of the parts that it told of." }),
    device_public_key: z.string().nullable(),
    status: z.enum(["active", "released"]),
    type: z.enum(["online", "offline", "emergency"]),
    activated_at: Instant,
    last_seen_at: Instant.openapi({ description: "Exact to a minute." }),
    lease_expires_at: Instant.nullable().openapi({
      description: "Until when the seat is held without a heartbeat (exclusive); null = as long as it is not released.",
    }),
    ends_at: Instant.nullable().openapi({
      description: "When it ends by itself (exclusive): of emergencies, and of offline seats that were released by force.",
    }),
    clone_suspected_at: Instant.nullable().openapi({ description: "Since when it looks as if two devices were this one." }),
    integrity_failed_at: Instant.nullable().openapi({
      description: "Since when its files are not those that were registered; null again once they are.",
    }),
    deactivated_at: Instant.nullable(),
    deactivated_reason: z.string().nullable(),
    archived_at: Instant.nullable().openapi({
      description: "When it was put into the archive, long after it was released; null = it was not.",
    }),
    metrics: Metrics.openapi({ description: "As heartbeats told them." }),
    ...ownedOutput,
  })
  .openapi("Activation");

export const ActivationWithToken = Activation.extend({
  activation_token: z.string().openapi({ description: "Proves to be this device; the same device gets the same one again." }),
}).openapi("ActivationWithToken");

/** A part of a device: what it is, and a hash of what tells it from others of its kind, made by the program. */
export const Component = z.strictObject({
  kind: Code.openapi({ example: "mainboard" }),
  hash: Fingerprint,
});

/** The parts of a device, one of a kind each. */
export const Components = z
  .array(Component)
  .max(20)
  .refine((parts) => new Set(parts.map(({ kind }) => kind)).size === parts.length, "must name each kind once");

/** An Ed25519 public key: 32 bytes as base64url, in its one spelling. */
export const DevicePublicKey = z
  .string()
  .regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, "must be an Ed25519 public key: 32 bytes as base64url")
  .openapi({ example: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" });

export const NewActivation = z
  .strictObject({
    license_key: LicenseKey,
    fingerprint: Fingerprint,
    user: Ref.nullish().openapi({
      description: "Who works with it. Licenses for named users need one; under per_seat users are counted.",
    }),
    name: text(200).nullish(),
    platform: text(200).nullish(),
    app_version: text(100).nullish(),
    cores: z.int().min(1).max(100_000).nullish().openapi({ description: "How many cores it uses; one where it does not say." }),
    components: Components.optional().openapi({
      description:
        "Its parts. Where the template sets component_threshold, that many that fit make it the device it was, under a new fingerprint.",
    }),
    device_public_key: DevicePublicKey.nullish().openapi({
      description: "A key of the device's own. Another one from the same device looks like a clone.",
    }),
    kick: z.enum(["oldest"]).optional().openapi({
      description: "Where every seat is taken, take the one that was seen least recently, if the template allows that.",
    }),
    ...ownedInput,
  })
  .openapi("NewActivation", {
    example: {
      license_key: SAMPLE_KEY,
      fingerprint: "b1946ac92492d2347c6235b4d2611184",
      name: "Ada's laptop",
      platform: "linux",
    },
  });

const User = Ref.openapi({ example: "ada@customer.example" });

export const NamedUser = z
  .object({
    object: z.literal("named_user"),
    license_id: z.string(),
    user: User,
    named_at: Instant.openapi({ description: "Since when the place is taken; it stays the same when it is reassigned." }),
    activations_count: z.int().openapi({ description: "Devices by which the user works, released ones aside." }),
  })
  .openapi("NamedUser");

export const NamedUserQuery = listQuery({});

export const Reassignment = z
  .strictObject({ from: User, to: User })
  .refine(({ from, to }) => from !== to, { path: ["to"], message: "must be another user" })
  .openapi("Reassignment", { example: { from: "ada@customer.example", to: "grace@customer.example" } });

export const ActivationQuery = listQuery({
  license_id: Ref.optional(),
  status: z.enum(["active", "released"]).optional(),
  external_id: ExternalId.optional(),
  archived: z
    .stringbool({ truthy: ["true"], falsy: ["false"] })
    .optional()
    .openapi({
      type: "boolean",
      description:
        "true: those that were archived, instead of those that were not. There, `external_id` is looked for within one `license_id`.",
    }),
}).refine(
  // the archive has no index of external ids, and grows for years
  ({ archived, external_id: externalId, license_id: licenseId }) =>
    !archived || externalId === undefined || licenseId !== undefined,
  { path: ["license_id"], error: "is needed where an external_id is looked for in the archive" },
);

/** A text that may be an activation token. */
export const ActivationToken = z.string().min(1).max(200).openapi({ example: "lat_00…" });

export const Deactivation = z
  .strictObject({
    reason: text(500).nullish(),
    activation_token: ActivationToken.optional().openapi({ description: "Required with a publishable key." }),
    accept_overlap: z.boolean().optional().openapi({
      description: "Secret keys only: free an offline seat at once, although the license file of its device goes on working.",
    }),
  })
  .openapi("Deactivation", { example: { reason: "The laptop was replaced" } });

export const TokenValidation = z
  .strictObject({ activation_token: ActivationToken })
  .openapi("TokenValidation", { example: { activation_token: "lat_00…" } });

const MetricName = z.string().min(1).max(64);
/** A counter adds up over years: this much at once keeps the sum exact. */
const Counter = z.int().min(0).max(1_000_000_000_000);
const named = <S extends z.ZodType>(value: S) =>
  z.record(MetricName, value).refine((values) => Object.keys(values).length <= 50, "must hold at most 50 names");

export const Heartbeat = z
  .strictObject({
    activation_token: ActivationToken,
    metrics: z
      .strictObject({
        counters: named(Counter).optional().openapi({ description: "Added to what was counted." }),
        gauges: named(z.number()).optional().openapi({ description: "Replace what was told before." }),
        seq: z
          .int()
          .min(1)
          .openapi({ description: "Rises with every heartbeat that carries metrics, so that a repeated one counts once." }),
      })
      .optional(),
  })
  .openapi("Heartbeat", {
    example: { activation_token: "lat_00…", metrics: { counters: { renders: 3 }, gauges: { open_files: 2 }, seq: 1 } },
  });

export const HeartbeatAnswer = z
  .object({
    object: z.literal("heartbeat"),
    activation_id: z.string(),
    lease_expires_at: Instant.nullable(),
    next_heartbeat_at: Instant,
    decision: Decision,
  })
  .openapi("HeartbeatAnswer");
