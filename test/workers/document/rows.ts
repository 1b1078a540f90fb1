import { env } from "cloudflare:workers";

/** Whose a row is: the column that says so. */
const OWNERS: Record<string, string> = { tenants: "id", idempotency_keys: "owner" };

/** Tables of the platform, which belong to no tenant. */
const PLATFORM = new Set(["operator_keys", "mail_transport", "lifecycle_runs"]);

/** What is written some time behind an answer, by whoever counts: it may come while something else is looked at. */
const BEHIND = new Set(["usage_days"]);

/** When a key was last used is noted beside every request. */
const NOT_COMPARED: Record<string, string[]> = { api_keys: ["last_used_at"] };

type Table = { name: string; owner: string | null };
type Row = Record<string, unknown>;

export type Rows = Record<string, Row[]>;

let known: Promise<Table[]> | undefined;

/** Every table of the database. Throws for one of which it cannot tell whose its rows are. */
const tables = () => (known ??= readTables());

async function readTables(): Promise<Table[]> {
  const found = await env.DB_00.prepare(
    `select m.name, exists (select 1 from pragma_table_info(m.name) where name = 'tenant_id') as owned from sqlite_master m
     where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like '\\_cf\\_%' escape '\\' and m.name <> 'd1_migrations' order by m.name`,
  ).all<{ name: string; owned: number }>();
  const watched = found.results.filter(({ name }) => !BEHIND.has(name));
  return watched.map(({ name, owned }) => {
    const owner = owned ? "tenant_id" : (OWNERS[name] ?? null);
    if (owner === null && !PLATFORM.has(name))
      throw new Error(`Whose are the rows of ${name}? It has no tenant_id: teach it in rows.ts.`);
    return { name, owner };
  });
}

/** All rows of some tenants, or of everybody, without what changes beside every request. */
export async function rowsOf(tenantIds?: readonly string[]): Promise<Rows> {
  const read = (await tables()).filter(({ owner }) => !tenantIds || owner !== null);
  const results = await env.DB_00.batch<Row>(
    read.map(({ name, owner }) => {
      const mine = tenantIds ? ` where ${owner} in (select value from json_each(?))` : "";
      const statement = env.DB_00.prepare(`select * from ${name}${mine} order by rowid`);
      return tenantIds ? statement.bind(JSON.stringify(tenantIds)) : statement;
    }),
  );
  return Object.fromEntries(
    read.map(({ name }, index) => [name, (results[index]?.results ?? []).map((row) => compared(name, row))]),
  );
}

/** How many rows each table holds. */
export async function rowCounts(): Promise<Record<string, number>> {
  const counts = (await tables()).map(({ name }) => `(select count(*) from ${name}) as ${name}`);
  return (await env.DB_00.prepare(`select ${counts.join(", ")}`).first<Record<string, number>>()) ?? {};
}

function compared(table: string, row: Row): Row {
  const left = NOT_COMPARED[table] ?? [];
  return left.length === 0 ? row : Object.fromEntries(Object.entries(row).filter(([column]) => !left.includes(column)));
}
