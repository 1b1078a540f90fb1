import { sql } from "drizzle-orm";
import { foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { flag, instant, json, owned } from "../columns.ts";
import { licenses } from "../licensing/tables.ts";
import type { BlacklistKind, IntegrityMismatch, ReportKind, ReportOutcome } from "#rules/licensing/security";

/** What a tenant shuts out: a device, a part that any device may have, or a range of addresses. */
export const blacklist = sqliteTable(
  "blacklist",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    kind: text().$type<BlacklistKind>().notNull(),
    digest: text(), // of the device or the part; null for a range
    partKind: text(), // what the part is, as programs name it
    range: text(), // CIDR, as it was given
    rangeFrom: text(), // its first and last address as 32 hex digits (IPv4 as v4-mapped IPv6), which compare as texts
    rangeTo: text(),
    reason: text().notNull(),
    expiresAt: instant(), // exclusive; null = until it is lifted
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex("blacklist_digest")
      .on(t.tenantId, t.digest)
      .where(sql`${t.digest} is not null`),
    index("blacklist_range")
      .on(t.tenantId, t.rangeFrom, t.rangeTo)
      .where(sql`${t.rangeFrom} is not null`),
    uniqueIndex("blacklist_external").on(t.tenantId, t.externalId),
  ],
);

/** Something that looked wrong, with what was seen. A report changes no decision by itself. */
export const securityReports = sqliteTable(
  "security_reports",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    kind: text().$type<ReportKind>().notNull(),
    source: text().$type<"program" | "tenant" | "latchkey">().notNull(), // a publishable key, a secret key, or we ourselves
    licenseId: text(),
    activationId: text(),
    deviceHash: text(),
    ip: text(),
    description: text(),
    evidence: json<Record<string, unknown>>().notNull(),
    times: integer().notNull().default(1), // how often the same was seen while the report was open
    lastSeenAt: instant().notNull(),
    closedAt: instant(), // null while it is open
    outcome: text().$type<ReportOutcome>(),
    closedReason: text(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index("security_reports_license").on(t.tenantId, t.licenseId, t.id),
    uniqueIndex("security_reports_open")
      .on(t.tenantId, t.kind, t.source, t.activationId)
      .where(sql`${t.closedAt} is null and ${t.activationId} is not null`),
    uniqueIndex("security_reports_external").on(t.tenantId, t.externalId),
  ],
);

/** What a program's files were found to be, beside what its vendor registered for that version. */
export const integrityChecks = sqliteTable(
  "integrity_checks",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    licenseId: text().notNull(),
    activationId: text(), // null where no device was named
    appVersion: text().notNull(),
    passed: flag().notNull(),
    mismatches: json<IntegrityMismatch[]>().notNull(), // the first of them, by path
    mismatchesCount: integer(), // how many there were; null in checks that named them all
    createdAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.licenseId], foreignColumns: [licenses.tenantId, licenses.id] }),
    index("integrity_checks_license").on(t.tenantId, t.licenseId, t.id),
    index("integrity_checks_age").on(t.createdAt),
  ],
);
