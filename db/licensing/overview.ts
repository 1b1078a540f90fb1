import type { LicenseStatus } from "#rules/licensing/states";
import type { LicenseType } from "#rules/licensing/terms";
import type { Asking } from "../commit.ts";
import { expiringSql, inGraceSql, seatsHeldSql, statusSql } from "./status.ts";

/** Whose licenses are counted: those of a product, of a customer, or all of the tenant's. */
export type OverviewFilter = { productId?: string | undefined; customerId?: string | undefined };

/** The licenses of one product that have one type and one status now. */
export type LicenseCounts = {
  status: LicenseStatus;
  type: LicenseType;
  productId: string;
  licenses: number;
  inGrace: number;
  seatsHeld: number;
  /** how many end by each of the instants that were asked for */
  expiring: number[];
};

/**
 * Counts the licenses of a tenant in one pass, at the request's instant. It reads each of them once, and beside it the seats that it holds:
 * the cost grows with the licenses counted (a filter reads those of its product or customer alone), never with what was over long ago.
 */
export function licenseOverviewOf({ d1, tenantId, now }: Asking) {
  return async ({ productId, customerId }: OverviewFilter, ends: readonly Date[]): Promise<LicenseCounts[]> => {
    const filters = [productId, customerId].map((id) => id ?? null);
    const byEnd = ends.map((_, n) => `sum(${expiringSql("?2", `?${5 + n}`, "l")}) as expiring_${n}`);
    const { results } = await d1
      .prepare(
        `select ${statusSql("?2", "l")} as status, l.type, l.product_id, count(*) as licenses, sum(${inGraceSql("?2", "l")}) as in_grace,
           sum(${seatsHeldSql("?2", "l")}) as seats_held, ${byEnd.join(", ")}
         from licenses l
         where l.tenant_id = ?1 ${productId === undefined ? "and ?3 is null" : "and l.product_id = ?3"}
           ${customerId === undefined ? "and ?4 is null" : "and l.customer_id = ?4"}
         group by 1, 2, 3`,
      )
      .bind(tenantId, now.getTime(), ...filters, ...ends.map((end) => end.getTime()))
      .all<Row>();
    return results.map((row) => ({
      status: row.status,
      type: row.type,
      productId: row.product_id,
      licenses: row.licenses,
      inGrace: row.in_grace,
      seatsHeld: row.seats_held,
      expiring: ends.map((_, n) => row[`expiring_${n}`] ?? 0),
    }));
  };
}

type Row = {
  status: LicenseStatus;
  type: LicenseType;
  product_id: string;
  licenses: number;
  in_grace: number;
  seats_held: number;
} & Record<`expiring_${number}`, number>;
