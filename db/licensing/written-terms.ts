import { bound, type Asking, type Statement } from "../commit.ts";
import { dbOf } from "../db.ts";
import type { LicenseRow, LicenseTermRow } from "./rows.ts";
import { licenseTerms } from "./tables.ts";

// What is written of terms with the license itself, so that the chain of them always ends when the license does.

/** The statement that adds a term. */
export const addedTerm = ({ d1 }: Pick<Asking, "d1">, term: LicenseTermRow): Statement =>
  bound(d1, dbOf(d1).insert(licenseTerms).values(term));

/** The first term of a license whose period has begun, as its row tells it; nothing while it waits for its first use. */
export function firstTerm(asking: Pick<Asking, "d1" | "now">, row: LicenseRow): Statement[] {
  if (row.termCount !== 1) return [];
  const { tenantId, id: licenseId, expiryBasis: cause, expiresAt: endsAt } = row;
  const startsAt = { creation: row.startsAt, first_activation: row.activatedAt, first_validation: row.firstValidatedAt }[cause];
  const term = { tenantId, licenseId, n: 1, startsAt: startsAt ?? row.startsAt, endsAt, cause, basis: null, reference: null };
  return [addedTerm(asking, { ...term, createdAt: asking.now })];
}

/** The statement that moves the end of a license's newest term to where its own end is now. */
export function movedTerm({ d1 }: Pick<Asking, "d1">, { tenantId, id, termCount, expiresAt }: LicenseRow): Statement[] {
  if (termCount === 0) return [];
  return [
    d1
      .prepare("update license_terms set ends_at = ?1 where tenant_id = ?2 and license_id = ?3 and n = ?4")
      .bind(expiresAt?.getTime() ?? null, tenantId, id, termCount),
  ];
}
