import type { LicenseTermRow } from "#db/licensing/license-terms";
import type { License as LicenseRead } from "#db/licensing/licenses";
import { periodFrom } from "#rules/licensing/expiry";
import { anchorOf } from "#rules/licensing/renewal";
import { lift } from "#rules/licensing/states";

/**
 * A trial as its conversion at `now` leaves it: a period of its paid terms begins, whether or not the trial was over, and it has no hold `lapsed`.
 * Where its paid terms count from the first use, and there was none, it goes on waiting; then there is no term yet.
 */
export function convertedLicense(
  paid: LicenseRead,
  now: Date,
  tenantZone: string,
): { license: LicenseRead; term: LicenseTermRow | null } {
  const { row, terms } = paid;
  const zone = paid.zone ?? tenantZone;
  const columns = { holds: lift(row.holds, "renewal").kept, convertedAt: now, updatedAt: now };
  const used = { creation: row.startsAt, first_activation: row.activatedAt, first_validation: row.firstValidatedAt };
  if (used[terms.expiryBasis] === null) {
    const waits = { expiresAt: null, graceUntil: null, maintenanceUntil: null, anchorDay: null };
    return { license: { ...paid, row: { ...row, ...columns, ...waits } }, term: null };
  }
  const startsAt = row.startsAt > now ? row.startsAt : now;
  const period = periodFrom(terms, startsAt, zone);
  // a term that the change of template began is this one
  const n = row.termCount + 1;
  const anchorDay = anchorOf(terms, startsAt, undefined, zone);
  const license = { ...paid, row: { ...row, ...columns, ...period, anchorDay, termCount: n } };
  const origin = { cause: "conversion" as const, basis: null, reference: null };
  const { tenantId, id: licenseId } = row;
  return { license, term: { tenantId, licenseId, n, startsAt, endsAt: period.expiresAt, ...origin, createdAt: now } };
}
