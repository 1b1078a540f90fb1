import { listQuery } from "#kernel/endpoint";
import { z, Instant, InstantInput, Ref, text } from "#kernel/wire";
import { MAX_UNITS, THRESHOLDS } from "#rules/entitlements/counting";
import { REPORT_PERIODS } from "#rules/entitlements/reports";
import { NOT_COUNTED, TOLD_WITHIN_DAYS } from "#rules/entitlements/tracking";
import { LIMIT_NAMES, LIMIT_SETTERS } from "#rules/limits/numbers";
import { LIMIT_TYPES, RESET_PERIODS } from "#rules/licensing/terms";
import { TIERS } from "#rules/tenants/tiers";

/** A calendar date that a caller sends. */
const DateInput = z.iso.date().openapi({ format: "date", example: "2026-11-01" });

/** A calendar date as it is shown. */
const CalendarDate = z.string().openapi({ format: "date", example: "2026-11-28" });

const FeatureRef = Ref.openapi({ description: "Id or code of the feature." });

const Feature = {
  feature: z.string().openapi({ description: "The feature's code." }),
  feature_id: z.string(),
};

/** Which days are asked for; both are of the tenant's calendar. */
const span = {
  from: DateInput.optional().openapi({ description: "The first day, by the tenant's calendar." }),
  to: DateInput.optional().openapi({ description: "The last day, itself included; today where it is left out." }),
};

export const UsageHistoryQuery = listQuery({ license_id: Ref.optional(), feature: FeatureRef.optional(), ...span });

export const UsageDay = z
  .object({
    object: z.literal("usage_day"),
    license_id: z.string(),
    ...Feature,
    used_on: CalendarDate,
    used: z.int().openapi({ description: "What the day added; below zero where a level was set lower." }),
    level: z.int().openapi({ description: "What the counter of the period stood at when the day ended, or stands at now." }),
    entries: z.int().openapi({ description: "How many entries that took." }),
    updated_at: Instant,
  })
  .openapi("UsageDay");

export const UsageReportQuery = listQuery({
  period: z.enum(REPORT_PERIODS).default("day"),
  license_id: Ref.optional(),
  feature: FeatureRef.optional(),
  ...span,
});

export const UsageSum = z
  .object({
    object: z.literal("usage_sum"),
    period: z.string().openapi({ description: "A day, a month or a year.", example: "2026-11" }),
    ...Feature,
    used: z.int(),
    licenses_count: z.int().openapi({ description: "How many licenses used any." }),
  })
  .openapi("UsageSum");

export const UsageStatsQuery = z.strictObject({ feature: FeatureRef.optional(), ...span });

export const UsageStats = z
  .object({
    object: z.literal("usage_stats"),
    from_on: CalendarDate,
    to_on: CalendarDate,
    active_licenses: z.int().openapi({ description: "How many licenses used anything." }),
    features: z
      .array(
        z.object({
          ...Feature,
          used: z.int(),
          licenses_count: z.int(),
          top_licenses: z.array(z.object({ license_id: z.string(), used: z.int() })),
        }),
      )
      .openapi({ description: "The 100 that most licenses use, each with the five licenses that use most of it." }),
    near_limit: z
      .array(z.object({ percent: z.int(), licenses_count: z.int() }))
      .openapi({ description: "How many licenses reached each mark of a quota in the period that runs now." }),
    evaluated_at: Instant,
  })
  .openapi("UsageStats");

export const UsageAlertQuery = listQuery({
  license_id: Ref.optional(),
  feature: Ref.optional().openapi({ description: "Id or code of the feature, or the name of one of the tenant's own limits." }),
  percent: z.coerce
    .number()
    .refine((percent) => THRESHOLDS.some((known) => known === percent), "must be 80 or 100")
    .optional()
    .openapi({ type: "integer", enum: [...THRESHOLDS] }),
});

export const UsageAlert = z
  .object({
    object: z.literal("usage_alert"),
    id: z.string(),
    license_id: z.string().nullable().openapi({ description: "null where it is a limit of the tenant's own tier." }),
    feature: z.string().openapi({ description: "The feature's code, or the name of the tenant's limit." }),
    feature_id: z.string().nullable(),
    percent: z.int(),
    used: z.int().openapi({ description: "When the mark was reached." }),
    limit_value: z.int(),
    period_starts_at: Instant.nullable().openapi({ description: "null where it never starts again." }),
    created_at: Instant,
  })
  .openapi("UsageAlert");

export const CurrentUsageQuery = z.strictObject({ license_id: Ref.openapi({ example: "lic_00…" }) });

export const CurrentUsage = z
  .object({
    object: z.literal("current_usage"),
    license_id: z.string(),
    usage: z
      .array(
        z.object({
          ...Feature,
          used: z.int(),
          reserved: z.int().openapi({ description: "Held back for work that is under way." }),
          limit_value: z.int().nullable().openapi({ description: "null = unlimited." }),
          limit_type: z.enum(LIMIT_TYPES),
          reset: z.enum(RESET_PERIODS),
          carried: z.int().openapi({ description: "What the period before left over, on top of the limit." }),
          remaining: z.int().nullable().openapi({ description: "null = no end." }),
          period_starts_at: Instant.nullable(),
          resets_at: Instant.nullable().openapi({ description: "null = never." }),
        }),
      )
      .openapi({ description: "Of every feature that the license gives." }),
    evaluated_at: Instant,
  })
  .openapi("CurrentUsage");

const UsageEvent = z
  .strictObject({
    license_id: Ref,
    feature: FeatureRef,
    units: z.int().min(0).max(MAX_UNITS).openapi({
      description: "add: what is added, 1 or more. set: what the counter of the period stands at from now on, 0 or more.",
    }),
    mode: z.enum(["add", "set"]).default("add"),
    at: InstantInput.optional().openapi({
      description: `When it was used: at most ${TOLD_WITHIN_DAYS} days back, and not in the future. It counts into the period and day that it lies in. Left out: now.`,
    }),
    idempotency_key: text(255).openapi({
      description: "Your name for this one use of the license: what is told again under it is counted once, for 30 days.",
      example: "job-4711",
    }),
  })
  .refine(({ mode, units }) => mode === "set" || units >= 1, { path: ["units"], message: "must be 1 or more where it is added" });

export const NewUsage = z.strictObject({ events: z.array(UsageEvent).min(1).max(1000) }).openapi("NewUsage", {
  example: {
    events: [
      { license_id: "lic_00…1", feature: "export", units: 3, idempotency_key: "job-4711" },
      { license_id: "lic_00…2", feature: "fea_00…", units: 5368709120, mode: "set", idempotency_key: "disk-2026-11-28" },
    ],
  },
});

export const UsageBatch = z
  .object({
    object: z.literal("usage_batch"),
    accepted: z.int().openapi({ description: "How many events were counted now." }),
    duplicates: z.int().openapi({ description: "How many had been counted before, under the same key." }),
    rejected: z.array(
      z.object({
        index: z.int().openapi({ description: "The event's place in the request, from 0." }),
        code: z.enum(NOT_COUNTED),
        detail: z.string(),
      }),
    ),
  })
  .openapi("UsageBatch");

export const TenantLimits = z
  .object({
    object: z.literal("tenant_limits"),
    tier: z.enum(TIERS),
    limits: z.array(
      z.object({
        name: z.string().openapi({ example: "api_calls" }),
        used: z.int(),
        limit_value: z.int().nullable().openapi({ description: "null = unlimited." }),
        remaining: z.int().nullable(),
        resets_at: Instant.nullable(),
      }),
    ),
    requests: z
      .array(
        z.object({
          name: z.enum(LIMIT_NAMES).openapi({ description: "As PATCH /v1/settings takes it." }),
          limit_value: z.int().nullable().openapi({ description: "The number in force; null = no limit." }),
          set_by: z.enum(LIMIT_SETTERS).openapi({
            description: "tier: what the tier comes with. operator: given instead of the tier's. tenant: your own, lower number.",
          }),
        }),
      )
      .openapi({ description: "How many requests each window takes, as it holds now." }),
    evaluated_at: Instant,
  })
  .openapi("TenantLimits");
