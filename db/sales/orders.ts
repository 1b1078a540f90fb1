import { and, desc, eq, isNotNull, sql } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { licenses } from "../licensing/tables.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import type { OrderStatus, PaymentStatus } from "#rules/sales/orders";
import { placingOf } from "./placing.ts";
import { orders } from "./tables.ts";

export type OrderRow = typeof orders.$inferSelect;

/** An order with the ids of its licenses. */
export type OrderWithLicenses = OrderRow & { licenseIds: string[] };

type Filter = {
  status?: OrderStatus | undefined;
  paymentStatus?: PaymentStatus | undefined;
  customerId?: string | undefined;
  externalId?: string | undefined;
};

export function ordersOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(orders.tenantId, tenantId), eq(orders.id, id));

  const row = (id: string) => db.select().from(orders).where(mine(id));
  const issued = (ids: string) =>
    db
      .select({ orderId: licenses.orderId, id: licenses.id })
      .from(licenses)
      .where(
        and(
          eq(licenses.tenantId, tenantId),
          isNotNull(licenses.orderId),
          sql`${licenses.orderId} in (select value from json_each(${ids}))`,
        ),
      )
      .orderBy(licenses.orderId, licenses.id);

  const write = (row: OrderRow): Statement[] => [
    bound(
      d1,
      db
        .update(orders)
        .set({ ...row, version: row.version + 1 })
        .where(and(mine(row.id), eq(orders.version, row.version))),
    ),
    guard(d1),
  ];

  return {
    ...placingOf(asking),

    byId: (id: string) => row(id).get(),

    withLicenses: async (id: string): Promise<OrderWithLicenses | undefined> => {
      const [[found], ids] = await db.batch([row(id), issued(JSON.stringify([id]))]);
      return found && { ...found, licenseIds: ids.map((license) => license.id) };
    },

    list: async (page: Page, filter: Filter) => {
      const { rows, hasMore } = pageOf(
        await db
          .select()
          .from(orders)
          .where(
            and(
              eq(orders.tenantId, tenantId),
              filter.status === undefined ? undefined : eq(orders.status, filter.status),
              filter.paymentStatus === undefined ? undefined : eq(orders.paymentStatus, filter.paymentStatus),
              filter.customerId === undefined ? undefined : eq(orders.customerId, filter.customerId),
              filter.externalId === undefined ? undefined : eq(orders.externalId, filter.externalId),
              olderThan(orders.id, page),
            ),
          )
          .orderBy(desc(orders.id))
          .limit(page.limit + 1),
        page,
      );
      const ids = await issued(JSON.stringify(rows.map(({ id }) => id)));
      const idsOf = Map.groupBy(ids, ({ orderId }) => orderId);
      return {
        hasMore,
        rows: rows.map((row): OrderWithLicenses => ({ ...row, licenseIds: (idsOf.get(row.id) ?? []).map(({ id }) => id) })),
      };
    },

    /** Writes a changed order over the version it was read as; undefined when somebody else was faster. */
    update: (row: OrderRow, told: Told) => commit(asking, write(row), told),

    /** The same with the provider's event that caused it, so that the event counts as applied with its change or not at all. */
    updateBy: (applied: Statement, row: OrderRow, told: Told) => commit(asking, [...write(row), applied], told),
  };
}
