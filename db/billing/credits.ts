import { and, desc, eq, isNull, lte, or, sql } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { customers } from "../customers/tables.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { tenants } from "../tenants/tables.ts";
import type { CreditRow } from "./invoices.ts";
import { credits } from "./tables.ts";

export type { CreditRow } from "./invoices.ts";

/**
 * Credits of every tenant of a shard whose time is over and of which something is left, the longest over first. A sandbox whose clock stands
 * behind is left out until that has come as far, a tenant that is closed for good; one whose clock is ahead is looked at when real time has.
 */
export async function expiredCredits(d1: D1Database, realNow: Date, limit: number): Promise<CreditRow[]> {
  const db = dbOf(d1);
  const found = await db
    .select({ credit: credits })
    .from(credits)
    .innerJoin(tenants, eq(tenants.id, credits.tenantId))
    .where(
      and(
        sql`${credits.remaining} > 0`,
        lte(credits.expiresAt, realNow),
        isNull(tenants.closedAt),
        or(isNull(tenants.clockFrozenAt), lte(credits.expiresAt, tenants.clockFrozenAt)),
      ),
    )
    .orderBy(credits.expiresAt)
    .limit(limit);
  return found.map(({ credit }) => credit);
}

export function creditsOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);

  return {
    /** A customer's credits, newest first, and what of them may be spent in each currency; undefined where there is no such customer. */
    ofCustomer: async (customerId: string, page: Page) => {
      const mine = and(eq(credits.tenantId, tenantId), eq(credits.customerId, customerId));
      const [[customer], rows, balances] = await db.batch([
        db
          .select({ id: customers.id })
          .from(customers)
          .where(and(eq(customers.tenantId, tenantId), eq(customers.id, customerId))),
        db
          .select()
          .from(credits)
          .where(and(mine, olderThan(credits.id, page)))
          .orderBy(desc(credits.id))
          .limit(page.limit + 1),
        db
          .select({ currency: credits.currency, amount: sql<number>`sum(${credits.remaining})` })
          .from(credits)
          .where(
            and(
              mine,
              sql`${credits.remaining} > 0`,
              sql`(${credits.expiresAt} is null or ${credits.expiresAt} > ${now.getTime()})`,
            ),
          )
          .groupBy(credits.currency),
      ]);
      return customer && { ...pageOf(rows, page), balances };
    },
  };
}
