/** What a blacklist entry shuts out. */
export const BLACKLIST_KINDS = ["device", "component", "ip_range"] as const;
export type BlacklistKind = (typeof BLACKLIST_KINDS)[number];

/** What a report is about. */
export const REPORT_KINDS = ["tampering", "key_sharing", "clone", "debugger", "clock_rollback", "integrity", "other"] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** How a report was closed. */
export const REPORT_OUTCOMES = ["confirmed", "dismissed"] as const;
export type ReportOutcome = (typeof REPORT_OUTCOMES)[number];

/** A file of a program, and the SHA-256 that it should have, in lower-case hex. */
export type ManifestFile = { path: string; sha256: string };

/** How a file differs from what was registered. */
export const MISMATCH_KINDS = ["changed", "missing", "unknown"] as const;
export type IntegrityMismatch = { path: string; mismatch: (typeof MISMATCH_KINDS)[number] };
