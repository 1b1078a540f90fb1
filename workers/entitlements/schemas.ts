import { RESERVATION_STATUSES } from "#kernel/meter";
import { DecisionCode, Reasons } from "#kernel/reasons";
import { z, Instant, Ref } from "#kernel/wire";
import { MAX_UNITS } from "#rules/entitlements/counting";
import { LICENSE_STATUSES } from "#rules/licensing/states";
import { LIMIT_TYPES, RESET_PERIODS } from "#rules/licensing/terms";

/** Said of every operation whose answers a meter keeps: it cannot know what its key stands for elsewhere. */
export const KEYS_ARE_KEPT_BY_LICENSE =
  " An Idempotency-Key is kept by the license's meter: with other content it is 422 among the quota calls of the same license, and a new intent for another license or another operation.";

const SAMPLE_KEY = "7K2Q-M8XT-0V4B-R3ZC-9XWD";
const LicenseKey = z.string().max(500).openapi({ example: SAMPLE_KEY });

export const EntitlementQuestion = z
  .strictObject({
    license_key: LicenseKey,
    features: z.array(Ref).min(1).max(100).openapi({ description: "Ids or codes." }),
  })
  .openapi("EntitlementQuestion", { example: { license_key: SAMPLE_KEY, features: ["export"] } });

const Units = z
  .int()
  .min(1)
  .max(MAX_UNITS)
  .openapi({ description: "count: units; size and bandwidth: bytes; duration: seconds." });

const Item = z.strictObject({ feature: Ref.openapi({ description: "Id or code." }), units: Units });

export const Consuming = z
  .strictObject({ license_key: LicenseKey, items: z.array(Item).min(1).max(100) })
  .openapi("Consuming", { example: { license_key: SAMPLE_KEY, items: [{ feature: "export", units: 1 }] } });

export const NewReservation = z
  .strictObject({
    license_key: LicenseKey,
    items: z.array(Item).min(1).max(100),
    ttl_s: z.int().min(1).max(3600).default(60).openapi({ description: "For how many seconds of real time it is held back." }),
  })
  .openapi("NewReservation", { example: { license_key: SAMPLE_KEY, items: [{ feature: "export", units: 20 }], ttl_s: 300 } });

const RESERVATION_ID = "rsv_0001kay2gy4rm4m6b6z9hq0p2vd7n9q3cm4x8r2ws1t6";
const ReservationId = Ref.openapi({ description: "As reserve answered it.", example: RESERVATION_ID });

export const Committing = z
  .strictObject({
    reservation_id: ReservationId,
    items: z
      .array(z.strictObject({ feature: Ref, units: z.int().min(0).max(MAX_UNITS) }))
      .min(1)
      .max(100)
      .optional()
      .openapi({
        description:
          "How much was used of what was reserved, at most as much; what is not named was not used. Left out: all of it.",
      }),
  })
  .openapi("Committing", { example: { reservation_id: RESERVATION_ID, items: [{ feature: "export", units: 12 }] } });

export const Releasing = z
  .strictObject({ reservation_id: ReservationId })
  .openapi("Releasing", { example: { reservation_id: RESERVATION_ID } });

const usage = {
  used: z.int().openapi({ description: "In the period that runs now." }),
  reserved: z.int().openapi({ description: "Held back by reservations." }),
  limit_value: z.int().nullable().openapi({ description: "null = unlimited." }),
  carried: z.int().openapi({ description: "What the period before left, where the right carries on; used first." }),
  remaining: z.int().nullable().openapi({ description: "limit_value + carried - used - reserved; null = unlimited." }),
  resets_at: Instant.nullable().openapi({ description: "When what was used starts again at zero; null = never." }),
};

export const Consumption = z
  .object({
    object: z.literal("consumption"),
    license_id: z.string(),
    items: z
      .array(
        z.object({
          feature: z.string().openapi({ description: "The feature's code." }),
          feature_id: z.string(),
          units: z.int().openapi({ description: "What was counted now." }),
          ...usage,
        }),
      )
      .openapi({ description: "In the order of the request, each with how its quota stands afterwards." }),
    consumed_at: Instant.openapi({ description: "The instant that decides in which period it counts." }),
  })
  .openapi("Consumption");

export const Reservation = z
  .object({
    object: z.literal("reservation"),
    id: z.string(),
    reservation_id: z.string().openapi({ description: "The same as id." }),
    license_id: z.string(),
    status: z.enum(RESERVATION_STATUSES),
    items: z.array(
      z.object({
        feature: z.string(),
        feature_id: z.string(),
        units: z.int().openapi({ description: "Held back while it is open." }),
        committed: z.int().nullable().openapi({ description: "How much of it was used; null = it was not committed." }),
        ...usage,
      }),
    ),
    expires_at: Instant.openapi({ description: "Real time, also in a sandbox whose clock was moved; exclusive." }),
    created_at: Instant,
  })
  .openapi("Reservation");

export const EntitlementCheck = z
  .object({
    object: z.literal("entitlement_check"),
    valid: z.boolean().openapi({ description: "The license is in force; judged without a device." }),
    code: DecisionCode,
    reasons: Reasons,
    license: z
      .object({ id: z.string(), status: z.enum(LICENSE_STATUSES), product_id: z.string(), expires_at: Instant.nullable() })
      .nullable()
      .openapi({ description: "null for NOT_FOUND." }),
    entitlements: z.array(
      z.object({
        feature: z.string(),
        feature_id: z.string().nullable(),
        allowed: z.boolean(),
        code: z.enum(["ENTITLEMENTS_MISSING", "ENTITLEMENT_EXPIRED", "QUOTA_EXCEEDED"]).nullable(),
        enabled: z.boolean(),
        limit_value: z.int().nullable().openapi({ description: "null = unlimited, or not licensed." }),
        limit_type: z.enum(LIMIT_TYPES).nullable(),
        used: z.int().nullable().openapi({ description: "null where there is no limit, or the meter did not answer." }),
        remaining: z.int().nullable(),
        reset: z.enum(RESET_PERIODS).nullable(),
        resets_at: Instant.nullable(),
        expires_at: Instant.nullable(),
      }),
    ),
    evaluated_at: Instant,
    snapshot_age_ms: z.int().openapi({
      description:
        "How old the older of two was at evaluated_at, in milliseconds: what is known of the license, and of its use. At most 10,000 unless stale.",
    }),
    stale: z
      .boolean()
      .openapi({ description: "Something behind this did not answer: the license is as it was last known, or use is unknown." }),
  })
  .openapi("EntitlementCheck");
