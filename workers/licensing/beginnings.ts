import type { License, LicenseRow } from "#db/licensing/licenses";
import { periodFrom } from "#rules/licensing/expiry";
import { anchorOf } from "#rules/licensing/renewal";

/** The license after its first activation at `now`; where the period begins with that, its end is known from here on. */
export function afterFirstActivation(license: License, now: Date, tenantZone: string): License {
  const begins = license.row.expiryBasis === "first_activation";
  return changed(license, { activatedAt: now, ...(begins && beginningAt(license, now, tenantZone)), updatedAt: now });
}

/** The license after the first validation that begins its period. */
export function afterFirstValidation(license: License, now: Date, tenantZone: string): License {
  return changed(license, { firstValidatedAt: now, ...beginningAt(license, now, tenantZone), updatedAt: now });
}

/** An end that was given outright stands; whatever is counted is counted from here. */
function beginningAt({ row, terms, zone }: License, from: Date, tenantZone: string) {
  const given = row.expiresAt ?? undefined;
  return {
    ...periodFrom(terms, from, zone ?? tenantZone, given),
    anchorDay: anchorOf(terms, from, given, zone ?? tenantZone),
    termCount: 1,
  };
}

const changed = (license: License, columns: Partial<LicenseRow>): License => ({
  ...license,
  row: { ...license.row, ...columns },
});
