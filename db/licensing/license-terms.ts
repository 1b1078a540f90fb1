import { and, desc, eq, lt } from "drizzle-orm";
import { commit, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { pageOf } from "../page.ts";
import { writing } from "./licenses.ts";
import type { LicenseRow, LicenseTermRow } from "./rows.ts";
import { licenseTerms } from "./tables.ts";
import { addedTerm } from "./written-terms.ts";

export type { LicenseTermRow } from "./rows.ts";

/** The chain of a license's periods. Its first one is written with what begins the license, see `firstTerm`. */
export function licenseTermsOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const ofLicense = (id: string) => and(eq(licenseTerms.tenantId, tenantId), eq(licenseTerms.licenseId, id));

  return {
    /** Newest first; those older than the number `before`. */
    list: async (licenseId: string, limit: number, before: number | null) => {
      const rows = await db
        .select()
        .from(licenseTerms)
        .where(and(ofLicense(licenseId), before === null ? undefined : lt(licenseTerms.n, before)))
        .orderBy(desc(licenseTerms.n))
        .limit(limit + 1);
      return pageOf(rows, { limit, before: null });
    },

    /** The term that came from an order, an invoice or an intent of the caller. */
    byReference: (licenseId: string, reference: string) =>
      db
        .select()
        .from(licenseTerms)
        .where(and(ofLicense(licenseId), eq(licenseTerms.reference, reference)))
        .get(),

    /** Writes a license with the term that begins now; undefined when somebody else was faster. Throws NotUnique for a reference that was used. */
    begin: (row: LicenseRow, term: LicenseTermRow, told: Told) =>
      commit(asking, [...writing(asking, row), addedTerm(asking, term)], told),
  };
}
