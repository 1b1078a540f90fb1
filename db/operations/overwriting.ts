import { and, eq } from "drizzle-orm";
import { bound, guard, type Asking, type Statement } from "../commit.ts";
import { dbOf } from "../db.ts";
import { operations } from "./tables.ts";

/** Writes an operation over the version it was read as; aborts the batch when somebody else was faster. */
export function overOperation({ d1, tenantId }: Asking, row: typeof operations.$inferSelect): Statement[] {
  const asRead = and(eq(operations.tenantId, tenantId), eq(operations.id, row.id), eq(operations.version, row.version));
  const columns = { ...row, version: row.version + 1 };
  return [bound(d1, dbOf(d1).update(operations).set(columns).where(asRead)), guard(d1)];
}
