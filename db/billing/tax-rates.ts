import { and, desc, eq, isNull, sql } from "drizzle-orm";
import { archivedOrNot } from "../catalog/archived.ts";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import type { TaxRateRow } from "./taxing.ts";
import { taxRates } from "./tables.ts";

type Filter = { country?: string | undefined; externalId?: string | undefined; archived?: boolean | undefined };

/** How many rates for one kind of goods in one country are looked at. */
const NEIGHBOURS_AT_MOST = 1000;

// changes nothing but the count of changes, which the guard reads: of two rates for the same days, one at a time, the second is refused
const NO_OTHER = `update tenants set version = version where id = ?1 and not exists (
  select 1 from tax_rates where tenant_id = ?1 and country = ?2 and tax_category = ?3 and state is ?4 and archived_at is null and id <> ?5
    and (valid_from_on is null or ?7 is null or valid_from_on < ?7) and (valid_until_on is null or ?6 is null or valid_until_on > ?6))`;

/** The rates that a tenant charges. */
export function taxRatesOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(taxRates.tenantId, tenantId), eq(taxRates.id, id));
  const noOther = ({ country, taxCategory, state, id, validFromOn, validUntilOn }: TaxRateRow) =>
    d1.prepare(NO_OTHER).bind(tenantId, country, taxCategory, state, id, validFromOn, validUntilOn);

  return {
    byId: (id: string) => db.select().from(taxRates).where(mine(id)).get(),

    /** The rates in use for the same country and goods. */
    neighbours: ({ country, taxCategory }: Pick<TaxRateRow, "country" | "taxCategory">) =>
      db
        .select()
        .from(taxRates)
        .where(
          and(
            eq(taxRates.tenantId, tenantId),
            eq(taxRates.country, country),
            eq(taxRates.taxCategory, taxCategory),
            isNull(taxRates.archivedAt),
          ),
        )
        .limit(NEIGHBOURS_AT_MOST),

    list: async (page: Page, filter: Filter) =>
      pageOf(
        await db
          .select()
          .from(taxRates)
          .where(
            and(
              eq(taxRates.tenantId, tenantId),
              // by id, which is the order: a tenant has some dozens of them
              filter.country === undefined ? undefined : sql`+${taxRates.country} = ${filter.country}`,
              filter.externalId === undefined ? undefined : eq(taxRates.externalId, filter.externalId),
              archivedOrNot(taxRates.archivedAt, filter.archived),
              olderThan(taxRates.id, page),
            ),
          )
          .orderBy(desc(taxRates.id))
          .limit(page.limit + 1),
        page,
      ),

    /** Adds a rate; undefined when another one is valid on a day of it. */
    insert: (row: TaxRateRow, told: Told) =>
      commit(asking, [noOther(row), guard(d1), bound(d1, db.insert(taxRates).values(row))], told),

    /** Writes a changed row over the version it was read as; undefined when somebody else was faster, or it would overlap another. */
    update: (row: TaxRateRow, told: Told) =>
      commit(
        asking,
        [
          ...(row.archivedAt === null ? [noOther(row), guard(d1)] : []),
          bound(
            d1,
            db
              .update(taxRates)
              .set({ ...row, version: row.version + 1 })
              .where(and(mine(row.id), eq(taxRates.version, row.version))),
          ),
          guard(d1),
        ],
        told,
      ),
  };
}
