import { sql, type SQL } from "drizzle-orm";
import { check, integer, text, type SQLiteColumn } from "drizzle-orm/sqlite-core";

/** An instant in milliseconds since 1970, UTC. */
export const instant = () => integer({ mode: "timestamp_ms" });

/** A yes or no. */
export const flag = () => integer({ mode: "boolean" });

/** A JSON value of a known type; it is written and read whole. */
export const json = <T>() => text({ mode: "json" }).$type<T>();

/** What every object that a tenant makes carries: their own id for it, their own notes, and when it was made and changed. */
export const owned = () => ({
  externalId: text(),
  metadata: json<Record<string, string>>().notNull(),
  createdAt: instant().notNull(),
  updatedAt: instant().notNull(),
  /** Rises with every change; an update names the version it read, so that of two racers the second one reads again. */
  version: integer().notNull(),
});

/** The database's own check that a column holds one of a closed list. */
export const oneOf = (name: string, column: SQLiteColumn, values: readonly string[]) =>
  check(name, sql`${column} in (${sql.raw(values.map((value) => `'${value}'`).join(", "))})`) satisfies { value: SQL };
