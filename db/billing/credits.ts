import { and, desc, eq, sql } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { customers } from "../customers/tables.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { credits } from "./tables.ts";

export type { CreditRow } from "./invoices.ts";

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
