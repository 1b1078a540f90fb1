/** What a blacklist entry shuts out. */
export const BLACKLIST_KINDS = ["device", "component", "ip_range"] as const;
export type BlacklistKind = (typeof BLACKLIST_KINDS)[number];

/** What a report is about. */
export const REPORT_KINDS = ["tampering", "key_sharing", "clone", "debugger", "clock_rollback", "integrity", "other"] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** Who saw it: a program, its vendor, or we ourselves. */
export const REPORT_SOURCES = ["program", "tenant", "latchkey"] as const;

/** How a report was closed. */
export const REPORT_OUTCOMES = ["confirmed", "dismissed"] as const;
export type ReportOutcome = (typeof REPORT_OUTCOMES)[number];

/** A file of a program, and the SHA-256 that it should have, in lower-case hex. */
export type ManifestFile = { path: string; sha256: string };

/** How a file differs from what was registered. */
export const MISMATCH_KINDS = ["changed", "missing", "unknown"] as const;
export type IntegrityMismatch = { path: string; mismatch: (typeof MISMATCH_KINDS)[number] };

/** How many files a manifest may name. */
export const MOST_FILES = 1000;

/**
 * A file's place within a program, spelled in one way: slashes, no `./`, nothing doubled. Null for what is no place within it: an absolute
 * path, one that climbs, or one that ends nowhere. Letters are compared as they are.
 */
export function normalPath(path: string): string | null {
  const slashed = path.replaceAll("\\", "/");
  if (slashed.startsWith("/") || /^[A-Za-z]:/.test(slashed)) return null;
  const steps = slashed.split("/").filter((step) => step !== "" && step !== ".");
  if (steps.length === 0 || slashed.endsWith("/") || steps.includes("..")) return null;
  return steps.join("/");
}

/**
 * How a program's files differ from what its vendor registered, by path. Where `complete` is false the program told of some of its files
 * alone, so that a file which it did not name is not missing.
 */
export function mismatchesOf(
  registered: readonly ManifestFile[],
  found: readonly ManifestFile[],
  { complete }: { complete: boolean },
): IntegrityMismatch[] {
  const wanted = new Map(registered.map(({ path, sha256 }) => [path, sha256]));
  const told = new Set(found.map(({ path }) => path));
  const differing = found.flatMap(({ path, sha256 }): IntegrityMismatch[] => {
    const known = wanted.get(path);
    if (known === undefined) return [{ path, mismatch: "unknown" }];
    return known === sha256 ? [] : [{ path, mismatch: "changed" }];
  });
  const missing = complete ? registered.filter(({ path }) => !told.has(path)) : [];
  return [...differing, ...missing.map(({ path }): IntegrityMismatch => ({ path, mismatch: "missing" }))].sort((a, b) =>
    a.path < b.path ? -1 : 1,
  );
}

/** Files as they are kept and compared: each path and each hash spelled in one way. What is no path within a program is left out. */
export function normalFiles(files: readonly ManifestFile[]): ManifestFile[] {
  return files.flatMap(({ path, sha256 }) => {
    const normal = normalPath(path);
    return normal === null ? [] : [{ path: normal, sha256: sha256.toLowerCase() }];
  });
}
