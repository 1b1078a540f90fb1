import { listQuery } from "#kernel/endpoint";
import { ProgramFiles } from "#kernel/program-files";
import { z, ExternalId, Instant, InstantInput, ownedInput, ownedOutput, Ref, text } from "#kernel/wire";
import { isAddressRange } from "#rules/addresses";
import { BLACKLIST_KINDS, MISMATCH_KINDS, REPORT_KINDS, REPORT_OUTCOMES, REPORT_SOURCES } from "#rules/licensing/security";
import { ActivationToken, Component, Fingerprint, LicenseKey } from "../schemas.ts";

export const BlacklistEntry = z
  .object({
    object: z.literal("blacklist_entry"),
    id: z.string(),
    kind: z.enum(BLACKLIST_KINDS),
    component_kind: z.string().nullable().openapi({ description: "What the part is, where a part is shut out." }),
    ip_range: z.string().nullable(),
    reason: z.string(),
    expires_at: Instant.nullable().openapi({ description: "Exclusive; null = until it is deleted." }),
    ...ownedOutput,
  })
  .openapi("BlacklistEntry", { description: "Devices and parts are kept as keyed digests, which are never shown." });

const TARGETS = ["fingerprint", "component", "ip_range"] as const;

export const NewBlacklistEntry = z
  .strictObject({
    fingerprint: Fingerprint.optional().openapi({ description: "A device, as its program names it." }),
    component: Component.optional().openapi({
      description: "A part that any device may have, as programs tell of it when they activate.",
    }),
    ip_range: z
      .string()
      .max(64)
      .refine(isAddressRange, "must be an IPv4 or IPv6 address or a CIDR range")
      .optional()
      .openapi({ description: "An address or a CIDR range.", example: "203.0.113.0/24" }),
    reason: text(500),
    expires_at: InstantInput.nullish(),
    ...ownedInput,
  })
  .refine(
    (body) => TARGETS.filter((name) => body[name] !== undefined).length === 1,
    "must name exactly one of fingerprint, component and ip_range",
  )
  .openapi("NewBlacklistEntry", {
    example: {
      fingerprint: "b1946ac92492d2347c6235b4d2611184",
      reason: "The key of this device was sold on",
      expires_at: "2099-01-01T00:00:00.000Z",
      external_id: "abuse-17",
      metadata: { desk: "fraud" },
    },
  });

export const BlacklistQuery = listQuery({ kind: z.enum(BLACKLIST_KINDS).optional(), external_id: ExternalId.optional() });

const EVIDENCE_BYTES = 8 * 1024;

/** SQLite reads a thousand levels, other readers fewer. */
const EVIDENCE_LEVELS = 20;

const Evidence = z
  .record(z.string(), z.unknown())
  .refine((value) => isWithinLevels(value, EVIDENCE_LEVELS), `must be nested at most ${EVIDENCE_LEVELS} levels`)
  .refine(
    (value) => new TextEncoder().encode(JSON.stringify(value)).byteLength <= EVIDENCE_BYTES,
    "must be at most 8 KiB of JSON",
  );

function isWithinLevels(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((inner) => isWithinLevels(inner, levels - 1));
}

export const SecurityReport = z
  .object({
    object: z.literal("security_report"),
    id: z.string(),
    kind: z.enum(REPORT_KINDS),
    source: z.enum(REPORT_SOURCES).openapi({
      description: "Who saw it: a program with a publishable key, the tenant with a secret key, or Latchkey itself.",
    }),
    status: z.enum(["open", "closed"]),
    license_id: z.string().nullable(),
    activation_id: z.string().nullable(),
    ip: z.string().nullable(),
    description: z.string().nullable(),
    evidence: z.record(z.string(), z.unknown()),
    times: z.int().openapi({ description: "How often the same was seen while the report was open." }),
    last_seen_at: Instant,
    closed_at: Instant.nullable(),
    outcome: z.enum(REPORT_OUTCOMES).nullable(),
    closed_reason: z.string().nullable(),
    ...ownedOutput,
  })
  .openapi("SecurityReport");

export const NewSecurityReport = z
  .strictObject({
    kind: z.enum(REPORT_KINDS),
    license_key: LicenseKey.optional(),
    license_id: Ref.optional().openapi({ description: "Secret keys only, instead of the license key." }),
    activation_token: ActivationToken.optional(),
    fingerprint: Fingerprint.optional(),
    description: text(2000).nullish(),
    evidence: Evidence.optional().openapi({ description: "What was seen: any JSON object of at most 8 KiB." }),
    ...ownedInput,
  })
  .refine((body) => body.license_key === undefined || body.license_id === undefined, "must not name a license twice")
  .openapi("NewSecurityReport", {
    example: {
      kind: "debugger",
      activation_token: "lat_00…",
      description: "A debugger was attached while the license was checked",
      evidence: { process: "x64dbg.exe", attempts: 3 },
    },
  });

export const SecurityReportQuery = listQuery({
  status: z.enum(["open", "closed"]).optional(),
  kind: z.enum(REPORT_KINDS).optional(),
  license_id: Ref.optional(),
  source: z.enum(REPORT_SOURCES).optional(),
  external_id: ExternalId.optional(),
});

export const SecurityReportClosing = z
  .strictObject({ outcome: z.enum(REPORT_OUTCOMES), reason: text(500).nullish() })
  .openapi("SecurityReportClosing", { example: { outcome: "dismissed", reason: "A developer of the customer's" } });

export const IntegrityCheck = z
  .object({
    object: z.literal("integrity_check"),
    id: z.string(),
    license_id: z.string(),
    activation_id: z.string().nullable().openapi({ description: "null where no device that holds a seat was named." }),
    app_version: z.string(),
    passed: z.boolean(),
    mismatches: z
      .array(z.object({ path: z.string(), mismatch: z.enum(MISMATCH_KINDS) }))
      .openapi({ description: "The first hundred files that differ, by path." }),
    mismatches_count: z.int().openapi({ description: "How many files differ." }),
    created_at: Instant,
  })
  .openapi("IntegrityCheck");

export const NewIntegrityCheck = z
  .strictObject({
    license_key: LicenseKey.optional(),
    activation_token: ActivationToken.optional(),
    fingerprint: Fingerprint.optional(),
    app_version: z.string().min(1).max(100),
    files: ProgramFiles,
    complete: z.boolean().default(true).openapi({
      description: "Whether files are all that the program has: then a registered file that is not among them is missing.",
    }),
  })
  .refine(
    (body) => body.license_key !== undefined || body.activation_token !== undefined,
    "must name a license_key or an activation_token",
  )
  .openapi("NewIntegrityCheck", {
    example: {
      license_key: "7K2Q-M8XT-0V4B-R3ZC-9XWD",
      fingerprint: "b1946ac92492d2347c6235b4d2611184",
      app_version: "2.4.0",
      files: [{ path: "bin/studio.exe", sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }],
      complete: false,
    },
  });

export const IntegrityCheckQuery = listQuery({
  license_id: Ref.optional(),
  activation_id: Ref.optional(),
  passed: z
    .stringbool({ truthy: ["true"], falsy: ["false"] })
    .optional()
    .openapi({ type: "boolean" }),
});
