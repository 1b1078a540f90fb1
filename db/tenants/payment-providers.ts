import { and, eq } from "drizzle-orm";
import { bound, commit, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { paymentProviders } from "./tables.ts";

export type PaymentProviderRow = typeof paymentProviders.$inferSelect;

export function paymentProvidersOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  return {
    byProvider: (provider: PaymentProviderRow["provider"]) =>
      db
        .select()
        .from(paymentProviders)
        .where(and(eq(paymentProviders.tenantId, tenantId), eq(paymentProviders.provider, provider)))
        .get(),

    put: (row: PaymentProviderRow, told: Told) =>
      commit(
        asking,
        [
          bound(
            d1,
            db
              .insert(paymentProviders)
              .values(row)
              .onConflictDoUpdate({
                target: [paymentProviders.tenantId, paymentProviders.provider],
                set: { ...row, id: undefined, createdAt: undefined },
              }),
          ),
        ],
        told,
      ),
  };
}
