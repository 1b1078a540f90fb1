import { and, count, eq, gt, lt, lte, max, ne, sql, type SQL } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { LicenseSelection } from "#rules/licensing/operations";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { licensesOf, type License } from "../licensing/licenses.ts";
import { literal, statusSql } from "../licensing/status.ts";
import { licenses } from "../licensing/tables.ts";

/** The licenses that an operation goes through, oldest first. */
export function selectionsOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  const mine = (condition: SQL) => and(eq(licenses.tenantId, tenantId), condition);

  return {
    /** The next of them behind the id `after`, as they are at this moment. */
    selected: (selection: LicenseSelection, after: string | null, limit: number): Promise<License[]> =>
      licensesOf(asking).oldest(
        sql`${fitting(selection, now)} and ${after === null ? sql`true` : gt(licenses.id, after)}`,
        limit,
      ),

    /** How many there are, and the newest of them. */
    survey: async (selection: LicenseSelection): Promise<{ total: number; newest: string | null }> => {
      const found = await db
        .select({ total: count(), newest: max(licenses.id) })
        .from(licenses)
        .where(mine(fitting(selection, now)))
        .get();
      return found ?? { total: 0, newest: null };
    },

    /** Which of these ids are licenses of the tenant. */
    known: async (ids: readonly string[]): Promise<Set<string>> => {
      const found = await db
        .select({ id: licenses.id })
        .from(licenses)
        .where(mine(among(licenses.id, ids)));
      return new Set(found.map(({ id }) => id));
    },
  };
}

function fitting(selection: LicenseSelection, now: Date): SQL {
  const { status, customerId, productId, templateId, expiresBefore, externalIds, ids, fromRevs, otherRevThan } = selection;
  const conditions: (SQL | undefined)[] = [
    selection.upTo === null ? undefined : lte(licenses.id, selection.upTo),
    lte(licenses.createdAt, new Date(selection.madeUntil)),
    status && sql`${sql.raw(statusSql(literal(now)))} = ${status}`,
    customerId === undefined ? undefined : eq(licenses.customerId, customerId),
    productId === undefined ? undefined : eq(licenses.productId, productId),
    templateId === undefined ? undefined : eq(licenses.templateId, templateId),
    expiresBefore === undefined ? undefined : lt(licenses.expiresAt, new Date(expiresBefore)),
    externalIds && among(licenses.externalId, externalIds),
    ids && among(licenses.id, ids),
    fromRevs && among(licenses.templateRev, fromRevs),
    otherRevThan === undefined ? undefined : ne(licenses.templateRev, otherRevThan),
    selection.stageBelow === undefined ? undefined : sql`${sql.raw(stagePlaceSql("licenses.id"))} < ${selection.stageBelow}`,
  ];
  return and(...conditions) ?? sql`true`;
}

/** The twin of `stagePlace` in rules/licensing/operations.ts. */
export const stagePlaceSql = (id: string) =>
  `((instr('0123456789abcdefghjkmnpqrstvwxyz', substr(${id}, -2, 1)) - 1) * 32 + instr('0123456789abcdefghjkmnpqrstvwxyz', substr(${id}, -1, 1)) - 1)`;

// one parameter, however many there are: the database takes a hundred
const among = (column: SQLiteColumn, values: readonly (string | number)[]) =>
  sql`${column} in (select value from json_each(${JSON.stringify(values)}))`;
