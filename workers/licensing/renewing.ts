import type { License } from "#db/licensing/licenses";
import type { LicenseTermRow } from "#db/licensing/license-terms";
import { renewedPeriod, type RenewalAsk } from "#rules/licensing/renewal";
import { lift, whyNotMove } from "#rules/licensing/states";

/** A license with the term that a renewal adds. */
export type Renewed = { license: License; term: LicenseTermRow };

/** Why a license is not renewed. */
export type NotRenewed = { code: "invalid_transition" | "renewed_by_subscription" | "no_duration" | "not_later"; detail: string };

/**
 * A license as a renewal at `now` leaves it: a later end, grace and maintenance with it, and no hold `lapsed`. `reference` names the order,
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
  if (refused || row.expiresAt === null)
    return { code: "invalid_transition", detail: refused?.detail ?? "This license has no end that could be extended." };

  const running = { expiresAt: row.expiresAt, maintenanceUntil: row.maintenanceUntil, anchorDay: row.anchorDay };
  const period = renewedPeriod(terms, running, ask, now, license.zone ?? tenantZone);
  if ("code" in period) return period;
  const { term, ...columns } = period;
  const n = row.termCount + 1;
  const renewed = { ...row, ...columns, holds: lift(row.holds, "renewal").kept, termCount: n, updatedAt: now };
  return {
    license: { ...license, row: renewed },
    term: {
      tenantId: row.tenantId,
      licenseId: row.id,
      n,
      startsAt: term.startsAt,
      endsAt: period.expiresAt,
      cause: "renewal",
      basis: term.basis,
      reference: reference ?? null,
      createdAt: now,
    },
  };
}
