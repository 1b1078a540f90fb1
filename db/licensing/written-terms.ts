import { bound, type Asking, type Statement } from "../commit.ts";
import { dbOf } from "../db.ts";
import type { LicenseRow, LicenseTermRow } from "./rows.ts";
import { licenseTerms } from "./tables.ts";

// What is written of terms with the license itself, so that the chain of them always ends when the license does.

/** The statement that adds a term. */
export const addedTerm = ({ d1 }: Pick<Asking, "d1">, term: LicenseTermRow): Statement =>
  bound(d1, dbOf(d1).insert(licenseTerms).values(term));

/** The first term of a license whose period has begun, as its row tells it; nothing while it waits for its first use. */
export function firstTerm(
  { d1, now }: Pick<Asking, "d1" | "now">,
  row: LicenseRow,
  { mayBeThere }: { mayBeThere: boolean } = { mayBeThere: false },
): Statement[] {
  if (row.termCount !== 1) return [];
  const { tenantId, id: licenseId, expiryBasis: cause, expiresAt: endsAt } = row;
  const startsAt = { creation: row.startsAt, first_activation: row.activatedAt, first_validation: row.firstValidatedAt }[cause];
  const term = { tenantId, licenseId, n: 1, startsAt: startsAt ?? row.startsAt, endsAt, cause, basis: null, reference: null };
  const added = dbOf(d1)
    .insert(licenseTerms)
    .values({ ...term, createdAt: now });
  return [bound(d1, mayBeThere ? added.onConflictDoNothing() : added)];
}

/** The statements that move the end of a license's newest term to where its own end is now; a first term that begins by this is added. */
export function movedTerm(asking: Pick<Asking, "d1" | "now">, row: LicenseRow): Statement[] {
  const { tenantId, id, termCount, startsAt, expiresAt } = row;
  if (termCount === 0) return [];
  // a first term that begins with the license's start moves with that
  const moved = asking.d1
    .prepare(
      `update license_terms set ends_at = ?1, starts_at = case when n = 1 and cause = 'creation' then ?5 else starts_at end
       where tenant_id = ?2 and license_id = ?3 and n = ?4`,
    )
    .bind(expiresAt?.getTime() ?? null, tenantId, id, termCount, startsAt.getTime());
  return [...firstTerm(asking, row, { mayBeThere: true }), moved];
}
