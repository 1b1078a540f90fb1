import type { BlacklistRow } from "#db/security/blacklist";
import type { IntegrityCheckRow } from "#db/security/integrity";
import type { SecurityReportRow } from "#db/security/reports";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import type { BlacklistEntry, IntegrityCheck, SecurityReport } from "./schemas.ts";

/** An entry of the blacklist; its digest is not among this. */
export const presentBlacklistEntry = (row: BlacklistRow): z.infer<typeof BlacklistEntry> => ({
  object: "blacklist_entry",
  id: row.id,
  kind: row.kind,
  component_kind: row.partKind,
  ip_range: row.range,
  reason: row.reason,
  expires_at: row.expiresAt?.toISOString() ?? null,
  ...presentOwned(row),
});

/** A security report; the device's digest is not among this. */
export const presentSecurityReport = (row: SecurityReportRow): z.infer<typeof SecurityReport> => ({
  object: "security_report",
  id: row.id,
  kind: row.kind,
  source: row.source,
  status: row.closedAt === null ? "open" : "closed",
  license_id: row.licenseId,
  activation_id: row.activationId,
  ip: row.ip,
  description: row.description,
  evidence: row.evidence,
  times: row.times,
  last_seen_at: row.lastSeenAt.toISOString(),
  closed_at: row.closedAt?.toISOString() ?? null,
  outcome: row.outcome,
  closed_reason: row.closedReason,
  ...presentOwned(row),
});

export const presentIntegrityCheck = (row: IntegrityCheckRow): z.infer<typeof IntegrityCheck> => ({
  object: "integrity_check",
  id: row.id,
  license_id: row.licenseId,
  activation_id: row.activationId,
  app_version: row.appVersion,
  passed: row.passed,
  mismatches: row.mismatches,
  mismatches_count: row.mismatchesCount ?? row.mismatches.length,
  created_at: row.createdAt.toISOString(),
});
