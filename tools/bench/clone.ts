type Database = Awaited<ReturnType<import("miniflare").Miniflare["getD1Database"]>>;

/** The row to copy. */
export type Original = { table: string; tenantId: string; key?: { column: string; value: string } };

/** What a copy has otherwise than the original, by column. */
export type Differences = Record<string, string | number | null>;

const ROWS_A_STATEMENT = 1_000;

/**
 * Copies a row as many times as there are differences: 100,000 licenses by the API would take longer than all of what is measured. A copy is a row
 * that the edge itself wrote, so a new column needs no thought here.
 */
export async function cloneRows(d1: Database, { table, tenantId, key }: Original, copies: readonly Differences[]): Promise<void> {
  const [first] = copies;
  if (!first) return;
  const { results } = await d1.prepare("select name from pragma_table_info(?)").bind(table).all<{ name: string }>();
  const columns = results.map(({ name }) => name);
  const unknown = Object.keys(first).find((name) => !columns.includes(name));
  if (unknown !== undefined) throw new Error(`Table ${table} has no column ${unknown}`);
  const chosen = columns.map((name) => (name in first ? `json_extract(copy.value, '$.${name}')` : `original.${name}`));
  const owner = table === "tenants" ? "id" : "tenant_id";
  const statement = `insert into ${table} (${columns.join(", ")}) select ${chosen.join(", ")}
    from ${table} original, json_each(?) copy where original.${owner} = ?${key ? ` and original.${key.column} = ?` : ""}`;
  for (let at = 0; at < copies.length; at += ROWS_A_STATEMENT) {
    const values = [JSON.stringify(copies.slice(at, at + ROWS_A_STATEMENT)), tenantId, ...(key ? [key.value] : [])];
    await d1
      .prepare(statement)
      .bind(...values)
      .run();
  }
}
