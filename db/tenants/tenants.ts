import { and, desc, eq, isNull, type SQL } from "drizzle-orm";
import type { LegalEntityRow } from "../billing/legal-entities.ts";
import { legalEntities } from "../billing/tables.ts";
import { bound, commit, guard, type Asking, type Fact, type Told } from "../commit.ts";
import { dbOf, type Db } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { asTenantId } from "../tenant-id.ts";
import { apiKeys, signingKeys, tenants } from "./tables.ts";
import type { TenantRow } from "./callers.ts";

export type ApiKeyRow = typeof apiKeys.$inferSelect;
export type SigningKeyRow = typeof signingKeys.$inferSelect;

/** A tenant as it is born: itself, its keys, what signs for it and who sells in its name. */
export type NewTenant = {
  tenant: TenantRow;
  keys: ApiKeyRow[];
  signingKey: SigningKeyRow;
  legalEntity: LegalEntityRow;
  facts: Fact[];
};

type TenantFilter = { slug?: string | undefined; externalId?: string | undefined };

export function tenantsOf(platform: Omit<Asking, "tenantId">) {
  const { d1 } = platform;
  const db = dbOf(d1);
  const live = and(eq(tenants.livemode, true), isNull(tenants.closedAt));
  const asking = (id: string): Asking => ({ ...platform, tenantId: asTenantId(id) });

  return {
    /** A live tenant by id; sandboxes are reached through theirs. */
    byId: (id: string) =>
      db
        .select()
        .from(tenants)
        .where(and(eq(tenants.id, id), live))
        .get(),

    list: async (page: Page, filter: TenantFilter) =>
      pageOf(await listed(db, and(live, olderThan(tenants.id, page)), filter, page.limit + 1), page),

    /** A tenant and its sandbox come to be together, or not at all. */
    insert: (born: readonly NewTenant[], answer: Told["answer"]) =>
      commit(
        asking(born[0]?.tenant.id ?? ""),
        born.flatMap(({ tenant, keys, signingKey, legalEntity }) => [
          bound(d1, db.insert(tenants).values(tenant)),
          bound(d1, db.insert(signingKeys).values(signingKey)),
          bound(d1, db.insert(legalEntities).values(legalEntity)),
          ...keys.map((key) => bound(d1, db.insert(apiKeys).values(key))),
        ]),
        {
          facts: born.flatMap(({ tenant, facts }) => facts.map((fact) => ({ ...fact, tenantId: asTenantId(tenant.id) }))),
          answer,
        },
      ),

    /** Changes a live tenant over the version it was read as; what is shared with its sandbox changes there too, and is told there. */
    update: (row: TenantRow, told: Told) =>
      commit(
        asking(row.id),
        [
          bound(
            d1,
            db
              .update(tenants)
              .set({ ...row, version: row.version + 1 })
              .where(and(eq(tenants.id, row.id), eq(tenants.version, row.version))),
          ),
          guard(d1),
          bound(
            d1,
            db
              .update(tenants)
              .set({
                name: row.name,
                slug: row.slug,
                tier: row.tier,
                limits: row.limits,
                timeZone: row.timeZone,
                locale: row.locale,
                currency: row.currency,
                closedAt: row.closedAt,
              })
              .where(eq(tenants.id, row.twinId)),
          ),
        ],
        { ...told, facts: [...told.facts, ...told.facts.map((fact) => ({ ...fact, tenantId: asTenantId(row.twinId) }))] },
      ),
  };
}

const listed = (db: Db, which: SQL | undefined, { slug, externalId }: TenantFilter, limit: number) =>
  db
    .select()
    .from(tenants)
    .where(
      and(
        which,
        slug === undefined ? undefined : eq(tenants.slug, slug),
        externalId === undefined ? undefined : eq(tenants.externalId, externalId),
      ),
    )
    .orderBy(desc(tenants.id))
    .limit(limit);
