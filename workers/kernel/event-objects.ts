import { z, Instant } from "./wire.ts";

// Objects that events alone show: no operation answers with them, so the document has them from here.

/** A file for a device without a connection, without its text. */
const IssuedLicenseFile = z.object({
  object: z.literal("license_file"),
  id: z.string(),
  kind: z.enum(["license", "emergency"]),
  license_id: z.string(),
  activation_id: z.string(),
  seq: z.int().openapi({ description: "Counts the files of the device." }),
  signing_key: z.string(),
  expires_at: Instant,
});

/** A keyset that was signed, without its text. */
const PublishedKeyset = z.object({
  object: z.literal("offline_keyset"),
  seq: z.int(),
  root_kid: z.string().openapi({ description: "The root that signed it." }),
  created_at: Instant,
  expires_at: Instant,
});

const mark = {
  percent: z.int(),
  used: z.number(),
  limit_value: z.number(),
  period_starts_at: Instant,
};

/** How much of a quota was used when a mark of it was reached. */
const QuotaThreshold = z.object({
  object: z.literal("quota"),
  license_id: z.string(),
  feature: z.string(),
  feature_id: z.string(),
  ...mark,
  resets_at: Instant.nullable(),
});

/** The same of a limit of the tenant's tier. */
const TenantLimitThreshold = z.object({
  object: z.literal("tenant_limit"),
  id: z.string(),
  limit: z.string(),
  ...mark,
  resets_at: Instant,
});

/** Seats that were archived together. */
const ArchivedActivations = z.object({
  object: z.literal("archived_activations"),
  count: z.int(),
  released_before: Instant.openapi({ description: "All of them were released before this." }),
});

/** A payment that fits no order. */
const UnexpectedPayment = z.object({
  object: z.literal("payment"),
  id: z.string(),
  provider: z.literal("stripe"),
  reason: z.enum([
    "order_canceled",
    "wrong_currency",
    "wrong_mode",
    "unknown_amount",
    "unknown_payment",
    "already_paid",
    "invoice_void",
    "invoice_draft",
  ]),
  order_id: z.string().nullable(),
  payment_id: z.string().optional().openapi({ description: "Our payment, where it was made for an invoice." }),
  invoice_id: z.string().optional(),
  amount: z.int().nullable().openapi({ description: "What was received, in minor units; null where we cannot count it." }),
  currency: z.string(),
  livemode: z.boolean(),
  refund: z.object({ id: z.string().nullable(), status: z.string().nullable() }).nullable(),
});

/** What stands in a license beside what it is, where another user took a place. */
const ReassignedUser = z.object({ reassigned: z.object({ from: z.string(), to: z.string() }) });

/** What stands in an activation beside what it is, where parts of the device were exchanged. */
const ExchangedParts = z.object({
  changed_parts: z.array(z.string()).optional().openapi({ description: "The kinds of parts that are others than before." }),
});

/** By the names that the document has for them. */
export const EVENT_OBJECTS = {
  IssuedLicenseFile,
  PublishedKeyset,
  QuotaThreshold,
  TenantLimitThreshold,
  ArchivedActivations,
  UnexpectedPayment,
  ReassignedUser,
  ExchangedParts,
} as const;

/** An object that events alone show. */
export type EventObject<Name extends keyof typeof EVENT_OBJECTS> = z.infer<(typeof EVENT_OBJECTS)[Name]>;
