import { and, desc, eq, isNull, sql } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { customers } from "../customers/tables.ts";
import { dbOf } from "../db.ts";
import { legalEntities, taxRates, vatChecks } from "./tables.ts";

export type TaxRateRow = typeof taxRates.$inferSelect;
export type VatCheckRow = typeof vatChecks.$inferSelect;

/** How many rates of one tenant are looked at: a country with its states has some dozens. */
const RATES_AT_MOST = 1000;

export function taxingOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);

  return {
    /**
     * All that decides how a sale is taxed: who sells (the default entity where none is named), who buys, what was last said of a VAT id of theirs,
     * and the tenant's rates for the countries of both. Undefined where seller or buyer is not there.
     */
    ingredients: async (customerId: string, legalEntityId: string | null) => {
      const entity = and(
        eq(legalEntities.tenantId, tenantId),
        // written out: a partial index is not used for a value that is bound
        legalEntityId === null ? sql`${legalEntities.isDefault} = 1` : eq(legalEntities.id, legalEntityId),
      );
      const customer = and(eq(customers.tenantId, tenantId), eq(customers.id, customerId));
      const countries = sql`(select country from legal_entities where ${entity} union all select country from customers where ${customer})`;
      const [[seller], [buyer], rates, [check]] = await db.batch([
        db.select().from(legalEntities).where(entity),
        db.select().from(customers).where(customer),
        db
          .select()
          .from(taxRates)
          .where(and(eq(taxRates.tenantId, tenantId), isNull(taxRates.archivedAt), sql`${taxRates.country} in ${countries}`))
          .limit(RATES_AT_MOST),
        db
          .select()
          .from(vatChecks)
          .where(and(eq(vatChecks.tenantId, tenantId), eq(vatChecks.customerId, customerId)))
          .orderBy(desc(vatChecks.id))
          .limit(1),
      ]);
      return { seller, buyer, rates, check };
    },
  };
}
