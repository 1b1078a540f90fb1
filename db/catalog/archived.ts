import { isNotNull, isNull, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";

/** What lists of the catalog are filtered by. */
export type CatalogFilter = { code?: string | undefined; externalId?: string | undefined; archived?: boolean | undefined };

/** Archived rows alone, the others alone, or both where nothing is said. */
export function archivedOrNot(archivedAt: SQLiteColumn, archived: boolean | undefined): SQL | undefined {
  if (archived === undefined) return undefined;
  return archived ? isNotNull(archivedAt) : isNull(archivedAt);
}
