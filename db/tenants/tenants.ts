import { and, desc, eq, isNull } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Fact, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { asTenantId } from "../tenant-id.ts";
import { apiKeys, signingKeys, tenants } from "./tables.ts";
import type { TenantRow } from "./callers.ts";

export type ApiKeyRow = typeof apiKeys.$inferSelect;
export type SigningKeyRow = typeof signingKeys.$inferSelect;

/** A tenant as it is born: itself, its keys and what signs for it. */
export type NewTenant = { tenant: TenantRow; keys: ApiKeyRow[]; signingKey: SigningKeyRow; facts: Fact[] };

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

    list: async (page: Page, filter: { slug?: string | undefined; externalId?: string | undefined }) =>
      pageOf(
        await db
          .select()
          .from(tenants)
          .where(
            and(
              live,
              filter.slug === undefined ? undefined : eq(tenants.slug, filter.slug),
              filter.externalId === undefined ? undefined : eq(tenants.externalId, filter.externalId),
              olderThan(tenants.id, page),
            ),
          )
          .orderBy(desc(tenants.id))
          .limit(page.limit + 1),
        page,
      ),

    /** A tenant and its sandbox come to be together, or not at all. */
    insert: (born: readonly NewTenant[], answer: Told["answer"]) =>
      commit(
        asking(born[0]?.tenant.id ?? ""),
        born.flatMap(({ tenant, keys, signingKey }) => [
          bound(d1, db.insert(tenants).values(tenant)),
          bound(d1, db.insert(signingKeys).values(signingKey)),
          ...keys.map((key) => bound(d1, db.insert(apiKeys).values(key))),
        ]),
        {
          facts: born.flatMap(({ tenant, facts }) => facts.map((fact) => ({ ...fact, tenantId: asTenantId(tenant.id) }))),
          answer,
        },
      ),

    /** Changes a live tenant over the version it was read as; what is shared with its sandbox changes there too. */
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
                timeZone: row.timeZone,
                locale: row.locale,
                currency: row.currency,
                closedAt: row.closedAt,
              })
              .where(eq(tenants.id, row.twinId)),
          ),
        ],
        told,
      ),
  };
}
