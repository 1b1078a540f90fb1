import { drizzle, type DrizzleD1Database } from "drizzle-orm/d1";

export type Db = DrizzleD1Database;

const opened = new WeakMap<D1Database, Db>();

/** The query builder of a database, made once. */
export function dbOf(d1: D1Database): Db {
  let db = opened.get(d1);
  if (!db) {
    db = drizzle(d1, { casing: "snake_case" });
    opened.set(d1, db);
  }
  return db;
}
