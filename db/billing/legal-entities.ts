import { and, desc, eq, ne } from "drizzle-orm";
import { archivedOrNot } from "../catalog/archived.ts";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { documentNumbers, legalEntities } from "./tables.ts";

export type LegalEntityRow = typeof legalEntities.$inferSelect;

type Filter = { externalId?: string | undefined; archived?: boolean | undefined };

/** How many legal entities a tenant may have, archived ones included: all of them are read to tell their series apart. */
const LEGAL_ENTITIES_AT_MOST = 50;

/** How many sequences of others are looked at: fifty entities, two series, a reading a year. */
const SEQUENCES_AT_MOST = 2000;

// changes nothing but the count of changes, which the guard reads: series are judged against all others, so none may have changed since
const UNCHANGED = `update tenants set version = version where id = ?1
  and (select count(*) || ':' || coalesce(sum(version), 0) from legal_entities where tenant_id = ?1) = ?2`;

/** Who sells. */
export function legalEntitiesOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(legalEntities.tenantId, tenantId), eq(legalEntities.id, id));
  const unchanged = (all: readonly LegalEntityRow[]) => [
    d1.prepare(UNCHANGED).bind(tenantId, `${all.length}:${all.reduce((sum, { version }) => sum + version, 0)}`),
    guard(d1),
  ];
  const written = (row: LegalEntityRow) =>
    bound(
      d1,
      db
        .update(legalEntities)
        .set({ ...row, version: row.version + 1 })
        .where(and(mine(row.id), eq(legalEntities.version, row.version))),
    );

  return {
    byId: (id: string) => db.select().from(legalEntities).where(mine(id)).get(),

    /** All of them, archived ones too. */
    all: () => db.select().from(legalEntities).where(eq(legalEntities.tenantId, tenantId)).limit(LEGAL_ENTITIES_AT_MOST),

    /** The sequences that the others have given numbers of, whatever their prefixes are now. */
    sequencesBeside: (id: string) =>
      db
        .select({ prefix: documentNumbers.series })
        .from(documentNumbers)
        .where(and(eq(documentNumbers.tenantId, tenantId), ne(documentNumbers.legalEntityId, id)))
        .limit(SEQUENCES_AT_MOST),

    list: async (page: Page, filter: Filter) =>
      pageOf(
        await db
          .select()
          .from(legalEntities)
          .where(
            and(
              eq(legalEntities.tenantId, tenantId),
              filter.externalId === undefined ? undefined : eq(legalEntities.externalId, filter.externalId),
              archivedOrNot(legalEntities.archivedAt, filter.archived),
              olderThan(legalEntities.id, page),
            ),
          )
          .orderBy(desc(legalEntities.id))
          .limit(page.limit + 1),
        page,
      ),

    /** Adds one beside all that there were when it was judged; undefined when these have changed since. */
    insert: (row: LegalEntityRow, all: readonly LegalEntityRow[], told: Told) =>
      commit(asking, [...unchanged(all), bound(d1, db.insert(legalEntities).values(row))], told),

    /** Writes changed rows, in their order, beside all that there were when they were judged; undefined when these have changed since. */
    update: (rows: readonly LegalEntityRow[], all: readonly LegalEntityRow[], told: Told) =>
      commit(asking, [...unchanged(all), ...rows.flatMap((row) => [written(row), guard(d1)])], told),
  };
}
