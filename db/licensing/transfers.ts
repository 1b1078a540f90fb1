import { and, desc, eq, sql } from "drizzle-orm";
import type { TransferStatus } from "#rules/licensing/transfers";
import { bound, commit, guard, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { unusedCodesEnded } from "../offline/emergency-codes.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { writing } from "./licenses.ts";
import { trialUsed } from "./making.ts";
import type { ActivationRow, LicenseRow } from "./rows.ts";
import { licenseTransfers } from "./tables.ts";
import { unreleased } from "./unreleased.ts";

export type TransferRow = typeof licenseTransfers.$inferSelect;

export type TransferFilter = {
  licenseId?: string | undefined;
  status?: TransferStatus | undefined;
  externalId?: string | undefined;
};

/** Licenses on their way from one customer to another, and those that went it. */
export function transfersOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(licenseTransfers.tenantId, tenantId), eq(licenseTransfers.id, id));

  return {
    byId: (id: string): Promise<TransferRow | undefined> => db.select().from(licenseTransfers).where(mine(id)).get(),

    /** The transfer of a license that waits to be accepted. */
    pendingOf: (licenseId: string): Promise<TransferRow | undefined> =>
      db
        .select()
        .from(licenseTransfers)
        .where(
          and(eq(licenseTransfers.tenantId, tenantId), eq(licenseTransfers.licenseId, licenseId), standing(asking, "pending")),
        )
        .get(),

    list: async (page: Page, { licenseId, status, externalId }: TransferFilter) =>
      pageOf(
        await db
          .select()
          .from(licenseTransfers)
          .where(
            and(
              eq(licenseTransfers.tenantId, tenantId),
              licenseId === undefined ? undefined : eq(licenseTransfers.licenseId, licenseId),
              status && standing(asking, status),
              externalId === undefined ? undefined : eq(licenseTransfers.externalId, externalId),
              olderThan(licenseTransfers.id, page),
            ),
          )
          .orderBy(desc(licenseTransfers.id))
          .limit(page.limit + 1),
        page,
      ),

    /** The activations that a transfer ends: all that are not released. One more than `most`, where there are that many. */
    devicesOf: (licenseId: string, most: number): Promise<ActivationRow[]> =>
      unreleased(asking, licenseId, sql`limit ${most + 1}`),

    /** Offers a license, as it was read, to another customer; undefined when it changed since, or another transfer of it waits. */
    offer: (license: LicenseRow, row: TransferRow, told: Told) =>
      commit(
        asking,
        [
          licenseAsRead(asking, license),
          lapsed(asking, row.licenseId),
          noneWaits(asking, row.licenseId),
          bound(d1, db.insert(licenseTransfers).values(row)),
        ],
        told,
      ),

    /**
     * Gives a license to its new customer, over the versions that were read: the license as it will be, the transfer that says so (made here, or
     * accepted), and the ends of its devices. Its named users, and emergency codes that nobody used, go with the customer who had them. Undefined
     * when anything changed meanwhile.
     */
    carryOut: (license: LicenseRow, transfer: { row: TransferRow; made: boolean }, ended: readonly Statement[], told: Told) => {
      const { row, made } = transfer;
      const said = made
        ? [lapsed(asking, license.id), noneWaits(asking, license.id), bound(d1, db.insert(licenseTransfers).values(row))]
        : over(asking, row);
      const also = [...leftBehind(asking, license.id), ...trialUsed(asking, [license], { again: true })];
      return commit(asking, [...writing(asking, license), ...said, ...ended, allEnded(asking, license.id), ...also], told);
    },

    /** Ends a transfer that waits without carrying it out; undefined when somebody else was faster. */
    end: (row: TransferRow, told: Told) => commit(asking, over(asking, row), told),
  };
}

/** The twin of `transferStatusOf` in rules/licensing/transfers.ts. */
function standing({ now }: Asking, status: TransferStatus) {
  const { status: stored, expiresAt } = licenseTransfers;
  const open = sql`(${expiresAt} is null or ${expiresAt} > ${now.getTime()})`;
  if (status === "pending") return sql`${stored} = 'pending' and ${open}`;
  if (status === "expired") return sql`(${stored} = 'expired' or (${stored} = 'pending' and not ${open}))`;
  return eq(stored, status);
}

/** Takes away what the customer before had beside devices: named users, and emergency codes that nobody used. */
function leftBehind(asking: Asking, licenseId: string): Statement[] {
  const { d1, tenantId } = asking;
  return [
    d1.prepare("delete from named_users where tenant_id = ? and license_id = ?").bind(tenantId, licenseId),
    unusedCodesEnded(asking, licenseId),
  ];
}

/** Writes down that the transfer which nobody accepted in time is over, so that there is room for another. */
function lapsed({ d1, tenantId, now }: Asking, licenseId: string): Statement {
  return d1
    .prepare(
      `update license_transfers set status = 'expired', ended_at = expires_at, updated_at = ?3, version = version + 1
       where tenant_id = ?1 and license_id = ?2 and status = 'pending' and expires_at <= ?3`,
    )
    .bind(tenantId, licenseId, now.getTime());
}

/** Aborts the batch when the license changed since it was read: it may be somebody else's by now. */
function licenseAsRead({ d1, tenantId }: Asking, { id, version }: LicenseRow): Statement {
  return d1
    .prepare(
      `select case when not exists (select 1 from licenses where tenant_id = ?1 and id = ?2 and version = ?3)
       then json('guard:the license changed') end`,
    )
    .bind(tenantId, id, version);
}

/** Aborts the batch while another transfer of the license waits. */
function noneWaits({ d1, tenantId }: Asking, licenseId: string): Statement {
  return d1
    .prepare(
      `select case when exists (select 1 from license_transfers where tenant_id = ?1 and license_id = ?2 and status = 'pending')
       then json('guard:another transfer') end`,
    )
    .bind(tenantId, licenseId);
}

/** Aborts the batch when a device of the license is still active and has no end: it was activated since they were read. */
function allEnded({ d1, tenantId }: Asking, licenseId: string): Statement {
  return d1
    .prepare(
      `select case when exists (select 1 from activations h indexed by activations_one_seat_per_device
         where h.tenant_id = ?1 and h.license_id = ?2 and h.released_at is null and h.ends_at is null)
       then json('guard:another device') end`,
    )
    .bind(tenantId, licenseId);
}

/** Writes a transfer that waits over the version it was read as. */
function over({ d1, tenantId }: Asking, row: TransferRow): Statement[] {
  const { tenantId: _, id, version, ...columns } = row;
  const asRead = and(
    eq(licenseTransfers.tenantId, tenantId),
    eq(licenseTransfers.id, id),
    eq(licenseTransfers.version, version),
    eq(licenseTransfers.status, "pending"),
  );
  const written = dbOf(d1)
    .update(licenseTransfers)
    .set({ ...columns, version: version + 1 })
    .where(asRead);
  return [bound(d1, written), guard(d1)];
}
