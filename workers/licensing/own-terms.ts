import { invalidRequest } from "#kernel/problems";
import type { TermsOverrides } from "#rules/licensing/terms";

/** What a license has otherwise than its template, without the fields that were not given: as it is stored. */
export function withoutAbsent(overrides: TermsOverrides): TermsOverrides {
  return JSON.parse(JSON.stringify(overrides)) as TermsOverrides;
}

/** Two sets of overrides, the later one winning. Of the terms that are groups a part may be given, and the rest stays. */
export function mergedOverrides(before: TermsOverrides, given: TermsOverrides): TermsOverrides {
  const later = withoutAbsent(given);
  return {
    ...before,
    ...later,
    ...(later.heartbeat && { heartbeat: { ...before.heartbeat, ...later.heartbeat } }),
    ...(later.offline && { offline: { ...before.offline, ...later.offline } }),
  };
}

/** Throws `invalid_request` for an end that does not lie behind the start. */
export function refuseBackwards(startsAt: Date, expiresAt: Date | null | undefined): void {
  if (!expiresAt || expiresAt > startsAt) return;
  const detail = `The license starts on ${startsAt.toISOString()}: it must expire after that.`;
  throw invalidRequest({ what: detail }, { errors: [{ pointer: "/expires_at", code: "expires_before_start", detail }] });
}
