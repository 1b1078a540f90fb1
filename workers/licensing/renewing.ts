import type { License, LicenseRow } from "#db/licensing/licenses";
import type { LicenseTermRow } from "#db/licensing/license-terms";
import { renewedMaintenance, renewedPeriod, type RenewalAsk, type RenewalBasis } from "#rules/licensing/renewal";
import { lift, whyNotMove } from "#rules/licensing/states";

/** A license with the term that a renewal adds. */
export type Renewed = { license: License; term: LicenseTermRow };

/** Why a license is not renewed. */
export type NotRenewed = { code: "invalid_transition" | "renewed_by_subscription" | "no_duration" | "not_later"; detail: string };

/**
 * A license as a renewal at `now` leaves it: a later end (of one that has none, of its maintenance), grace and maintenance with it, and no hold `lapsed`. `reference` names the order,
 * invoice or intent that it is for, of which each extends a license once.
 */
export function renewedLicense(
  license: License,
  { reference, ...ask }: RenewalAsk & { reference?: string | null | undefined },
  now: Date,
  tenantZone: string,
): Renewed | NotRenewed {
  const { row, terms } = license;
  if (row.subscriptionId !== null)
    return { code: "renewed_by_subscription", detail: `The subscription ${row.subscriptionId} renews this license.` };
  const refused = whyNotMove(row, "renew", now);
  const zone = license.zone ?? tenantZone;
  const keeps = { holds: lift(row.holds, "renewal").kept, updatedAt: now };
  // without an end there is still the time in which new versions are included
  if (refused?.code === "never_expires" && row.maintenanceUntil !== null) {
    const renewed = renewedMaintenance(terms, row.maintenanceUntil, ask, now, zone);
    if ("code" in renewed) return renewed;
    return withTerm(license, { ...keeps, maintenanceUntil: renewed.maintenanceUntil }, { ...renewed.term, reference }, now);
  }
  if (refused || row.expiresAt === null)
    return { code: "invalid_transition", detail: refused?.detail ?? "This license has no end that could be extended." };

  const running = { expiresAt: row.expiresAt, maintenanceUntil: row.maintenanceUntil, anchorDay: row.anchorDay };
  const period = renewedPeriod(terms, running, ask, now, zone);
  if ("code" in period) return period;
  const { term, ...columns } = period;
  return withTerm(license, { ...keeps, ...columns }, { ...term, reference }, now);
}

type Begun = { startsAt: Date; basis: RenewalBasis; reference: string | null | undefined };

function withTerm(license: License, columns: Partial<LicenseRow>, { startsAt, basis, reference }: Begun, now: Date): Renewed {
  const { row } = license;
  const n = row.termCount + 1;
  const renewed = { ...row, ...columns, termCount: n };
  const { tenantId, id: licenseId, expiresAt: endsAt } = renewed;
  const term = { tenantId, licenseId, n, startsAt, endsAt, cause: "renewal" as const, basis, reference: reference ?? null };
  return { license: { ...license, row: renewed }, term: { ...term, createdAt: now } };
}
