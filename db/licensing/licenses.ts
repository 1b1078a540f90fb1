import { and, asc, desc, eq, gt, gte, inArray, lt, lte, sql, type SQL } from "drizzle-orm";
import type { Hold, LicenseStatus } from "#rules/licensing/states";
import { effectiveTerms, type LicenseType, type TemplateTerms } from "#rules/licensing/terms";
import { templateRevisions } from "../catalog/tables.ts";
import { bound, commit, guard, type Asking, type Statement, type Told } from "../commit.ts";
import { customers } from "../customers/tables.ts";
import { dbOf } from "../db.ts";
import { unusedCodesEnded } from "../offline/emergency-codes.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { makingOf } from "./making.ts";
import type { LicenseRow } from "./rows.ts";
import { coresHeldSql, expiringSql, inGraceSql, literal, seatsHeldSql, statusSql, usersHeldSql } from "./status.ts";
import { licenses } from "./tables.ts";
import { firstTerm, movedTerm } from "./written-terms.ts";

export type { LicenseRow } from "./rows.ts";

/** A license with what is shown and decided of it. */
export type License = {
  row: LicenseRow;
  /** the pinned revision */
  revision: TemplateTerms;
  /** the revision with the license's own overrides */
  terms: TemplateTerms;
  /** seats held at the request's instant */
  seatsHeld: number;
  /** cores that its devices claim, and users that hold seats or are named, at that instant */
  coresHeld: number;
  usersHeld: number;
  /** the customer's time zone, where it is known */
  zone: string | null;
};

export type LicenseFilter = {
  status?: LicenseStatus | undefined;
  customerId?: string | undefined;
  productId?: string | undefined;
  templateId?: string | undefined;
  type?: LicenseType | undefined;
  orderId?: string | undefined;
  externalId?: string | undefined;
  expiresBefore?: Date | undefined;
  expiresAfter?: Date | undefined;
  inGrace?: boolean | undefined;
  /** an id, the last four of a key, or how `issued_to` or `external_id` begins */
  q?: string | undefined;
};

/** Which licenses of those that run out: of a product, of a customer, with or without a renewal of their own. */
export type ExpiringFilter = Pick<LicenseFilter, "customerId" | "productId"> & { autoRenew?: boolean | undefined };

/** At most `limit` of them, behind the place where the page before ended. */
type ExpiringPage = { limit: number; after: { expiresAt: Date; id: string } | null };

/** How often at most `last_validated_at` is written. */
export const STAMP_EVERY_MS = 60_000;

export function licensesOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const mine = (id: string) => and(eq(licenses.tenantId, tenantId), eq(licenses.id, id));

  const shown = () => shownBy(asking);
  const byKeyHashes = (hashes: readonly string[]) => and(eq(licenses.tenantId, tenantId), inArray(licenses.keyHash, [...hashes]));

  return {
    byId: async (id: string) => read(await shown().where(mine(id)).get()),

    /** By the digests of a license key: of each form it may have been stored in, under each pepper in use. */
    byKeyHashes: async (hashes: readonly string[]) => read(await shown().where(byKeyHashes(hashes)).get()),

    list: async (page: Page, filter: LicenseFilter) => {
      const found = await shown()
        .where(and(eq(licenses.tenantId, tenantId), ...conditions(asking, filter), olderThan(licenses.id, page)))
        .orderBy(desc(licenses.id))
        .limit(page.limit + 1);
      return pageOf(
        found.flatMap((each) => read(each) ?? []).map((license) => ({ ...license, id: license.row.id })),
        page,
      );
    },

    /** Those that run out until `until`, the next one first; behind the last of the page before. */
    expiring: async (page: ExpiringPage, until: Date, filter: ExpiringFilter) => {
      const found = await shown()
        .where(and(eq(licenses.tenantId, tenantId), ...runningOut(asking, page, until, filter)))
        .orderBy(asc(licenses.expiresAt), asc(licenses.id))
        .limit(page.limit + 1);
      return pageOf(
        found.flatMap((each) => read(each) ?? []),
        { limit: page.limit, before: null },
      );
    },

    /** Those that fit a condition of this floor, by their ids, oldest first. */
    oldest: async (condition: SQL, limit: number): Promise<License[]> => {
      const mine = and(eq(licenses.tenantId, tenantId), condition);
      const found = await shown().where(mine).orderBy(asc(licenses.id)).limit(limit);
      return found.flatMap((each) => read(each) ?? []);
    },

    ...makingOf(asking),

    /** Writes a changed row over the version it was read as; undefined when somebody else was faster. */
    update: (row: LicenseRow, told: Told) => commit(asking, writing(asking, row), told),

    /** The same for a new key: emergency codes that nobody used end with the old one. */
    updateKey: (row: LicenseRow, told: Told) => commit(asking, [...writing(asking, row), unusedCodesEnded(asking, row.id)], told),

    /** The same for a change of its end, which is that of its newest term too. */
    updatePeriod: (row: LicenseRow, told: Told) => commit(asking, [...writing(asking, row), ...movedTerm(asking, row)], told),

    /** Begins the period of a license that waited for its first validation; undefined when another validation was faster. */
    beginByValidation: (row: LicenseRow, told: Told) => {
      const { firstValidatedAt, expiresAt, graceUntil, maintenanceUntil, anchorDay, termCount, updatedAt } = row;
      const period = { firstValidatedAt, expiresAt, graceUntil, maintenanceUntil, anchorDay, termCount };
      const columns = { ...period, updatedAt, version: row.version + 1 };
      return commit(asking, [overVersion(asking, row, columns), guard(d1), ...firstTerm(asking, row)], told);
    },

    /** Tells a fact about a license that changes nothing of it. */
    tell: (told: Told) => commit(asking, [], told),

    /** Notes a validation: at most once a minute a license, and without its version, which is for those who change it. */
    stampValidated: async (id: string): Promise<void> => {
      await d1
        .prepare(
          `update licenses set last_validated_at = ?1
           where tenant_id = ?2 and id = ?3 and (last_validated_at is null or last_validated_at <= ?1 - ${STAMP_EVERY_MS})`,
        )
        .bind(now.getTime(), tenantId, id)
        .run();
    },
  };
}

/** Licenses with what is shown of them, as the beginning of a select. */
function shownBy({ d1, now }: Asking) {
  return dbOf(d1)
    .select({
      row: licenses,
      revision: templateRevisions.terms,
      zone: customers.timeZone,
      seatsHeld: sql<number>`${sql.raw(seatsHeldSql(literal(now)))}`,
      coresHeld: sql<number>`${sql.raw(coresHeldSql(literal(now)))}`,
      usersHeld: sql<number>`${sql.raw(usersHeldSql(literal(now)))}`,
    })
    .from(licenses)
    .innerJoin(
      templateRevisions,
      and(
        eq(templateRevisions.tenantId, licenses.tenantId),
        eq(templateRevisions.templateId, licenses.templateId),
        eq(templateRevisions.rev, licenses.templateRev),
      ),
    )
    .innerJoin(customers, and(eq(customers.tenantId, licenses.tenantId), eq(customers.id, licenses.customerId)));
}

/** The statements that write a changed license over the version it was read as, and undo their batch when somebody else was faster. */
export function writing(asking: Asking, row: LicenseRow): Statement[] {
  // validations stamp the last of them without asking for the version, so it is not written back as it was read
  // (nor is the key, whose writing would have the database look for every seat of the license)
  const { lastValidatedAt: _, tenantId: __, id: ___, ...columns } = row;
  return [overVersion(asking, row, { ...columns, version: row.version + 1 }), guard(asking.d1)];
}

/** The statement that writes columns of a license over the version it was read as. A guard stands behind it. */
export function overVersion({ d1, tenantId }: Asking, row: LicenseRow, columns: Partial<LicenseRow>): Statement {
  const db = dbOf(d1);
  const asRead = and(eq(licenses.tenantId, tenantId), eq(licenses.id, row.id), eq(licenses.version, row.version));
  return bound(d1, db.update(licenses).set(columns).where(asRead));
}

function conditions({ tenantId, now }: Asking, filter: LicenseFilter): (SQL | undefined)[] {
  const { status, customerId, productId, templateId, type, orderId, externalId, expiresBefore, expiresAfter, inGrace, q } =
    filter;
  return [
    status && sql`${sql.raw(statusSql(literal(now)))} = ${status}`,
    customerId === undefined ? undefined : eq(licenses.customerId, customerId),
    productId === undefined ? undefined : eq(licenses.productId, productId),
    templateId === undefined ? undefined : ofTemplate(tenantId, templateId),
    type === undefined ? undefined : eq(licenses.type, type),
    orderId === undefined ? undefined : eq(licenses.orderId, orderId),
    externalId === undefined ? undefined : eq(licenses.externalId, externalId),
    expiresBefore && lt(licenses.expiresAt, expiresBefore),
    expiresAfter && gte(licenses.expiresAt, expiresAfter),
    inGrace === undefined ? undefined : sql`${sql.raw(inGraceSql(literal(now)))} = ${inGrace ? 1 : 0}`,
    q === undefined ? undefined : resembles(tenantId, q),
  ];
}

/** By way of the template's product, whose licenses an index holds in the order of the list. */
function ofTemplate(tenantId: string, id: string): SQL {
  return sql`${licenses.templateId} = ${id}
    and ${licenses.productId} = (select t.product_id from templates t where t.tenant_id = ${tenantId} and t.id = ${id})`;
}

function runningOut(
  { now }: Asking,
  { after }: ExpiringPage,
  until: Date,
  { customerId, productId, autoRenew }: ExpiringFilter,
): (SQL | undefined)[] {
  return [
    // one lower bound, so that the index begins where the page before ended
    after === null
      ? gt(licenses.expiresAt, now)
      : sql`(${licenses.expiresAt}, ${licenses.id}) > (${after.expiresAt.getTime()}, ${after.id})`,
    lte(licenses.expiresAt, until),
    sql.raw(expiringSql(literal(now), literal(until))),
    // the plus keeps the planner from the index of products, which holds also what ends years from now
    productId === undefined ? undefined : sql`+${licenses.productId} = ${productId}`,
    customerId === undefined ? undefined : eq(licenses.customerId, customerId),
    autoRenew === undefined ? undefined : eq(licenses.autoRenew, autoRenew),
  ];
}

/** Each arm has an index of its own. A prefix is a range, because LIKE takes no index and at most 50 bytes. */
function resembles(tenantId: string, q: string): SQL {
  // the highest code point there is: whatever begins with q sorts below
  const end = `${q}\u{10ffff}`;
  return sql`${licenses.id} in (
    select l.id from licenses l where l.tenant_id = ${tenantId} and l.id = ${q}
    union all select l.id from licenses l where l.tenant_id = ${tenantId} and l.key_last4 = ${q}
    union all select l.id from licenses l where l.tenant_id = ${tenantId} and l.issued_to >= ${q} and l.issued_to < ${end}
    union all select l.id from licenses l where l.tenant_id = ${tenantId} and l.external_id >= ${q} and l.external_id < ${end})`;
}

/** JSON comes back with its instants as strings; rules know instants as dates. */
const heldSince = (holds: readonly Hold[]): Hold[] => holds.map((hold) => ({ ...hold, at: new Date(hold.at) }));

type Read = Omit<License, "terms">;

function read(found: Read | undefined): License | undefined {
  if (!found) return undefined;
  const row = { ...found.row, holds: heldSince(found.row.holds) };
  return { ...found, row, terms: effectiveTerms(found.revision, row.overrides) };
}
