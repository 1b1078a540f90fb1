import * as z from "zod";
import { LATEST_MS } from "#rules/iso";
import { isTimeZone } from "#rules/time";
import "@hono/zod-openapi"; // gives every schema .openapi()

/** An instant on the wire: ISO 8601, UTC, milliseconds. */
export const Instant = z.string().openapi({ format: "date-time", example: "2026-11-22T09:30:00.000Z" });

/** An instant that a caller sends: any ISO 8601 with an offset or Z, years 1970 to 9999 in UTC. */
export const InstantInput = z.iso
  .datetime({ offset: true })
  .refine((text) => Date.parse(text) >= 0, "must not lie before 1970")
  .refine((text) => !(Date.parse(text) > LATEST_MS), "must not lie after 9999")
  .transform((text) => new Date(text))
  .openapi({ format: "date-time", example: "2026-11-22T09:30:00.000Z" });

/** An id or code that a caller names an object by; whether it exists is found out by looking. */
export const Ref = z.string().min(1).max(255);

/** Text without control characters but line breaks and tabs; it may be empty. */
const plainText = (max: number) =>
  z
    .string()
    .max(max)
    // oxlint-disable-next-line no-control-regex -- control characters are what is refused
    .regex(/^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$/, "must not hold control characters");

/** Text of one line or more, without control characters but line breaks and tabs. */
export const text = (max: number) => plainText(max).min(1);

/** A short machine name. */
export const Code = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/,
    "must be 1 to 64 of a-z, 0-9, dot, dash and underscore, beginning and ending with a letter or digit",
  );

export const Email = z.email().max(254);

/** Up to 50 pairs of strings that a tenant keeps on its objects. */
export const Metadata = z
  .record(text(64), plainText(500))
  .refine((pairs) => Object.keys(pairs).length <= 50, "must hold at most 50 pairs")
  .openapi({ example: { campaign: "spring" } });

export const ExternalId = text(255).openapi({ example: "crm-4711" });

/** What every create and update body may carry. */
export const ownedInput = { external_id: ExternalId.nullish(), metadata: Metadata.optional() };

/** What every object of a tenant shows. */
export const ownedOutput = {
  external_id: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  created_at: Instant,
  updated_at: Instant,
};

/** An IANA time zone. */
export const TimeZone = z.string().max(64).refine(isTimeZone, "must be an IANA time zone, such as Europe/Berlin");

/** A language as BCP 47 writes it. */
export const Locale = z
  .string()
  .max(35)
  .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, "must be a BCP 47 language tag, such as en or de-AT");

/** ISO 4217, upper case. */
export const Currency = z.string().regex(/^[A-Z]{3}$/, "must be three upper-case letters (ISO 4217)");

/** ISO 3166-1 alpha-2, upper case. */
export const Country = z.string().regex(/^[A-Z]{2}$/, "must be two upper-case letters (ISO 3166-1)");

/** Integer minor units. */
export const Amount = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

export { z };
