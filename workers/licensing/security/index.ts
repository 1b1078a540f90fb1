import { clearSuspicion } from "./activations.clear_suspicion.ts";
import { createBlacklistEntry } from "./blacklist_entries.create.ts";
import { deleteBlacklistEntry } from "./blacklist_entries.delete.ts";
import { getBlacklistEntry } from "./blacklist_entries.get.ts";
import { listBlacklistEntries } from "./blacklist_entries.list.ts";
import { createIntegrityCheck } from "./integrity_checks.create.ts";
import { getIntegrityCheck } from "./integrity_checks.get.ts";
import { listIntegrityChecks } from "./integrity_checks.list.ts";
import { closeSecurityReport } from "./security_reports.close.ts";
import { createSecurityReport } from "./security_reports.create.ts";
import { getSecurityReport } from "./security_reports.get.ts";
import { listSecurityReports } from "./security_reports.list.ts";

/** What is shut out, what looked wrong, and whether programs are what their vendor made. */
export const security = [
  createBlacklistEntry,
  listBlacklistEntries,
  getBlacklistEntry,
  deleteBlacklistEntry,
  createSecurityReport,
  listSecurityReports,
  getSecurityReport,
  closeSecurityReport,
  createIntegrityCheck,
  listIntegrityChecks,
  getIntegrityCheck,
  clearSuspicion,
];
