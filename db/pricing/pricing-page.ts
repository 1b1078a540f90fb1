import { and, eq, isNull, sql } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { priceRevisions, prices, plans } from "./tables.ts";

/** What anybody may see of what a tenant sells. */
export function pricingPageOf({ d1, tenantId }: Asking) {
  const db = dbOf(d1);
  // the conditions stand as text, so that the index of public plans is taken
  const isShown = and(eq(plans.tenantId, tenantId), sql`${plans.isPublic} = 1`, isNull(plans.archivedAt));

  return {
    /** The public plans in their order, at most so many, and what they cost: at most so many prices of all. */
    shown: async (most: { plans: number; prices: number }) => {
      const shown = db.select().from(plans).where(isShown).orderBy(plans.position, plans.id).limit(most.plans);
      const ids = sql`(select id from plans where ${plans.tenantId} = ${tenantId} and ${plans.isPublic} = 1 and ${plans.archivedAt} is null order by ${plans.position}, ${plans.id} limit ${most.plans})`;
      const costs = db
        .select({ id: prices.id, planId: prices.planId, terms: priceRevisions.terms })
        .from(prices)
        .innerJoin(
          priceRevisions,
          and(
            eq(priceRevisions.tenantId, prices.tenantId),
            eq(priceRevisions.priceId, prices.id),
            eq(priceRevisions.rev, prices.rev),
          ),
        )
        .where(and(eq(prices.tenantId, tenantId), sql`${prices.planId} in ${ids}`, isNull(prices.archivedAt)))
        .limit(most.prices);
      const [found, costing] = await db.batch([shown, costs]);
      return { plans: found, prices: costing };
    },
  };
}
