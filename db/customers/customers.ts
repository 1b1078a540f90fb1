import { and, desc, eq } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { customers } from "./tables.ts";

export type CustomerRow = typeof customers.$inferSelect;

type Filter = { email?: string | undefined; kind?: CustomerRow["kind"] | undefined; externalId?: string | undefined };

export function customersOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(customers.tenantId, tenantId), eq(customers.id, id));

  return {
    byId: (id: string) => db.select().from(customers).where(mine(id)).get(),

    list: async (page: Page, filter: Filter) =>
      pageOf(
        await db
          .select()
          .from(customers)
          .where(
            and(
              eq(customers.tenantId, tenantId),
              filter.email === undefined ? undefined : eq(customers.email, filter.email),
              filter.kind === undefined ? undefined : eq(customers.kind, filter.kind),
              filter.externalId === undefined ? undefined : eq(customers.externalId, filter.externalId),
              olderThan(customers.id, page),
            ),
          )
          .orderBy(desc(customers.id))
          .limit(page.limit + 1),
        page,
      ),

    insert: (row: CustomerRow, told: Told) => commit(asking, [bound(d1, db.insert(customers).values(row))], told),

    /** Writes a changed row over the version it was read as; undefined when somebody else was faster. */
    update: (row: CustomerRow, told: Told) =>
      commit(
        asking,
        [
          bound(
            d1,
            db
              .update(customers)
              .set({ ...row, version: row.version + 1 })
              .where(and(mine(row.id), eq(customers.version, row.version))),
          ),
          guard(d1),
        ],
        told,
      ),
  };
}
