import { and, desc, eq, sql } from "drizzle-orm";
import type { StoredPriceTerms } from "#rules/billing/price-terms";
import { archivedOrNot } from "../catalog/archived.ts";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { priceRevisions, prices } from "./tables.ts";

export type PriceRow = typeof prices.$inferSelect;

/** A price with the terms of its newest revision. */
export type Price = PriceRow & { terms: StoredPriceTerms };

type Filter = { planId?: string | undefined; externalId?: string | undefined; archived?: boolean | undefined };

// changes nothing but the count of changes, which the guard reads: a price cannot slip in behind its plan's archiving
const planInUse = "update plans set version = version where tenant_id = ? and id = ? and archived_at is null";

/** What plans cost. */
export function pricesOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(prices.tenantId, tenantId), eq(prices.id, id));
  const revisionOf = ({ id, rev, updatedAt }: PriceRow, terms: StoredPriceTerms) =>
    bound(d1, db.insert(priceRevisions).values({ tenantId, priceId: id, rev, terms, createdAt: updatedAt }));

  return {
    /** The price with its newest terms. */
    byId: async (id: string): Promise<Price | undefined> => {
      const found = await newestOf(d1).where(mine(id)).get();
      return found && { ...found.row, terms: found.terms };
    },

    /** Which of the ids are prices of the tenant. */
    known: async (ids: readonly string[]): Promise<Set<string>> => {
      const named = sql`(select value from json_each(${JSON.stringify(ids)}))`;
      const found = await db
        .select({ id: prices.id })
        .from(prices)
        .where(and(eq(prices.tenantId, tenantId), sql`${prices.id} in ${named}`));
      return new Set(found.map(({ id }) => id));
    },

    list: async (page: Page, filter: Filter) => {
      const found = await newestOf(d1)
        .where(
          and(
            eq(prices.tenantId, tenantId),
            filter.planId === undefined ? undefined : eq(prices.planId, filter.planId),
            filter.externalId === undefined ? undefined : eq(prices.externalId, filter.externalId),
            archivedOrNot(prices.archivedAt, filter.archived),
            olderThan(prices.id, page),
          ),
        )
        .orderBy(desc(prices.id))
        .limit(page.limit + 1);
      return pageOf(
        found.map(({ row, terms }): Price => ({ ...row, terms })),
        page,
      );
    },

    /** Adds a price with its first revision; undefined when its plan is archived, or was just now. */
    insert: ({ terms, ...row }: Price, told: Told) =>
      commit(
        asking,
        [
          d1.prepare(planInUse).bind(tenantId, row.planId),
          guard(d1),
          bound(d1, db.insert(prices).values(row)),
          revisionOf(row, terms),
        ],
        told,
      ),

    /**
     * Writes a changed price over the version it was read as; undefined when somebody else was faster.
     * `revised`: its terms are new, and `row.rev` is the number of their revision.
     */
    update: ({ terms, ...row }: Price, { revised }: { revised: boolean }, told: Told) =>
      commit(
        asking,
        [
          bound(
            d1,
            db
              .update(prices)
              .set({ ...row, version: row.version + 1 })
              .where(and(mine(row.id), eq(prices.version, row.version))),
          ),
          guard(d1),
          ...(revised ? [revisionOf(row, terms)] : []),
        ],
        told,
      ),
  };
}

/** Prices with the terms of their newest revision. */
function newestOf(d1: D1Database) {
  return dbOf(d1)
    .select({ row: prices, terms: priceRevisions.terms })
    .from(prices)
    .innerJoin(
      priceRevisions,
      and(
        eq(priceRevisions.tenantId, prices.tenantId),
        eq(priceRevisions.priceId, prices.id),
        eq(priceRevisions.rev, prices.rev),
      ),
    );
}
