import { and, desc, eq, inArray } from "drizzle-orm";
import { commit, guard, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { emergencyCodes } from "./tables.ts";

export type EmergencyCodeRow = typeof emergencyCodes.$inferSelect;

export function emergencyCodesOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  const own = eq(emergencyCodes.tenantId, tenantId);

  return {
    byId: (id: string) =>
      db
        .select()
        .from(emergencyCodes)
        .where(and(own, eq(emergencyCodes.id, id)))
        .get(),

    byCodeHashes: (hashes: readonly string[]) =>
      db
        .select()
        .from(emergencyCodes)
        .where(and(own, inArray(emergencyCodes.codeHash, [...hashes])))
        .get(),

    list: async (page: Page, { licenseId }: { licenseId?: string | undefined }) =>
      pageOf(
        await db
          .select()
          .from(emergencyCodes)
          .where(
            and(
              own,
              licenseId === undefined ? undefined : eq(emergencyCodes.licenseId, licenseId),
              olderThan(emergencyCodes.id, page),
            ),
          )
          .orderBy(desc(emergencyCodes.id))
          .limit(page.limit + 1),
        page,
      ),

    /** Adds a code unless the license had `most` of them after `since`; undefined then. Counting and adding are one statement. */
    insert: (row: EmergencyCodeRow, { most, since }: { most: number; since: Date }, told: Told) => {
      const added = d1
        .prepare(
          `insert into emergency_codes (tenant_id, id, license_id, code_hash, device_hash, reason, created_by, created_at, expires_at)
           select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
           where (select count(*) from emergency_codes where tenant_id = ?1 and license_id = ?3 and created_at > ?10) < ?11`,
        )
        .bind(
          tenantId,
          row.id,
          row.licenseId,
          row.codeHash,
          row.deviceHash,
          row.reason,
          row.createdBy,
          row.createdAt.getTime(),
          row.expiresAt.getTime(),
          since.getTime(),
          most,
        );
      return commit(asking, [added, guard(d1)], told);
    },

    /** Statements that use a code up; they abort the batch when somebody else did. */
    redeemed: (id: string, activationId: string): Statement[] => [
      d1
        .prepare(
          `update emergency_codes set redeemed_at = ?1, activation_id = ?2
           where tenant_id = ?3 and id = ?4 and redeemed_at is null and expires_at > ?1`,
        )
        .bind(now.getTime(), activationId, tenantId, id),
      guard(d1),
    ],
  };
}

/** Ends the codes of a license that nobody used: who was given them has the license, or its key, no more. */
export function unusedCodesEnded({ d1, tenantId, now }: Asking, licenseId: string): Statement {
  return d1
    .prepare(
      `update emergency_codes set expires_at = ?3
       where tenant_id = ?1 and license_id = ?2 and redeemed_at is null and expires_at > ?3`,
    )
    .bind(tenantId, licenseId, now.getTime());
}
