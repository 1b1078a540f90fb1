import { and, desc, eq, getTableColumns, sql } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { writing } from "./licenses.ts";
import type { ActivationRow, LicenseRow } from "./rows.ts";
import { namedUsers } from "./tables.ts";
import { unreleased } from "./unreleased.ts";

export type NamedUserRow = typeof namedUsers.$inferSelect;

/** A page goes by the name, spelled so that it fits into a cursor, which has no spaces. */
const spelled = (userRef: string) => JSON.stringify(userRef).replaceAll(" ", "\\u0020");

function read(cursor: string): string | null {
  try {
    const userRef: unknown = JSON.parse(cursor);
    return typeof userRef === "string" ? userRef : null;
  } catch {
    return null;
  }
}

/** The places of a license that belong to users by name. */
export function namedUsersOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const ofLicense = (licenseId: string) => and(eq(namedUsers.tenantId, tenantId), eq(namedUsers.licenseId, licenseId));
  const ofUser = (licenseId: string, userRef: string) => and(ofLicense(licenseId), eq(namedUsers.userRef, userRef));

  return {
    byName: (licenseId: string, userRef: string) => db.select().from(namedUsers).where(ofUser(licenseId, userRef)).get(),

    /** Those of a license, by their names from the last to the first, with how many devices each has activated. */
    list: async (licenseId: string, page: Page) => {
      const before = page.before === null ? null : read(page.before);
      // named in full: in a select of one table the builder leaves the table's name away
      const devices = sql<number>`(select count(*) from activations h indexed by activations_one_seat_per_device
        where h.tenant_id = named_users.tenant_id and h.license_id = named_users.license_id and h.released_at is null
          and h.user_ref = named_users.user_ref)`;
      const found = await db
        .select({ ...getTableColumns(namedUsers), devices })
        .from(namedUsers)
        .where(and(ofLicense(licenseId), olderThan(namedUsers.userRef, { ...page, before })))
        .orderBy(desc(namedUsers.userRef))
        .limit(page.limit + 1);
      return pageOf(
        found.map((row) => ({ ...row, id: spelled(row.userRef) })),
        page,
      );
    },

    /** The activations by which a user works, released ones aside. */
    devicesOf: (licenseId: string, userRef: string): Promise<ActivationRow[]> =>
      unreleased(asking, licenseId, sql`and h.user_ref = ${userRef}`),

    /**
     * Gives the place of a user to another, over the license as it was read; `ended` are the user's activations as they will be. Undefined
     * when the license changed, the user has no place by now, or activated another device. Throws NotUnique when the other has a place.
     */
    reassign: (license: LicenseRow, { from, to }: { from: string; to: string }, ended: readonly Statement[], told: Told) => {
      const moved = db.update(namedUsers).set({ userRef: to }).where(ofUser(license.id, from));
      const changes = [...writing(asking, license), bound(d1, moved), guard(d1), ...ended, goneFrom(asking, license.id, from)];
      return commit(asking, changes, told);
    },
  };
}

/** Aborts the batch when a device of a user is still active and has no end. */
function goneFrom({ d1, tenantId }: Asking, licenseId: string, userRef: string): Statement {
  return d1
    .prepare(
      `select case when exists (select 1 from activations h indexed by activations_one_seat_per_device
         where h.tenant_id = ?1 and h.license_id = ?2 and h.released_at is null and h.ends_at is null and h.user_ref = ?3)
       then json('guard:another device') end`,
    )
    .bind(tenantId, licenseId, userRef);
}
