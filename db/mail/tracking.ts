import { sql } from "drizzle-orm";
import { dbOf } from "../db.ts";
import type { NoticeRef } from "./pump.ts";
import { notices } from "./tables.ts";

/** Whose the notices of those ids are, across the tenants of a database: a transport names no tenant. */
export async function noticesNamed(d1: D1Database, ids: readonly string[]): Promise<NoticeRef[]> {
  return dbOf(d1)
    .select({ tenantId: notices.tenantId, id: notices.id })
    .from(notices)
    .where(sql`${notices.id} in (select value from json_each(${JSON.stringify(ids)}))`);
}
