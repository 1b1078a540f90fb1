import { getTableColumns } from "drizzle-orm";
import type { ActivationRow } from "./rows.ts";
import { activations } from "./tables.ts";

/** The columns of an activation as its table has them, in that order: statements that are always the same text are parsed once, not each time. */
export const COLUMNS = Object.entries(getTableColumns(activations)).map(([name, column]) => ({
  name: name as keyof ActivationRow,
  sql: name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  column,
}));
/** Their names, as a statement lists them. */
export const NAMES = COLUMNS.map(({ sql }) => sql).join(", ");
/** Their values as parameters, the first of them `?from`. */
export const valuesFrom = (from: number) => COLUMNS.map((_, index) => `?${from + index}`).join(", ");

/** Those that a seat which is taken again may change. */
export const CHANGEABLE = COLUMNS.filter(({ name }) => name !== "tenantId" && name !== "id" && name !== "licenseId");

/** The values of a row as the database takes them. */
export function valuesOf(row: ActivationRow, columns = COLUMNS): unknown[] {
  return columns.map(({ name, column }) => (row[name] === null ? null : column.mapToDriverValue(row[name])));
}

/** A row from columns as the database names them; what is missing is null. */
export function rowOf(columns: Record<string, unknown>): ActivationRow {
  const read = COLUMNS.map(({ name, sql, column }) => {
    const value = columns[sql] ?? null;
    return [name, value === null ? null : column.mapFromDriverValue(value)];
  });
  return Object.fromEntries(read) as ActivationRow;
}
