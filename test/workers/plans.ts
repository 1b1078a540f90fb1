import { env } from "cloudflare:workers";

/** Runs `work` on the real database and tells how it would carry out each statement that names one of some tables. */
export async function plansOf(tables: RegExp, work: () => Promise<unknown>): Promise<{ sql: string; plan: string[] }[]> {
  const seen = new Set<string>();
  const prepare = env.DB_00.prepare.bind(env.DB_00);
  env.DB_00.prepare = (sql: string) => {
    if (tables.test(sql)) seen.add(sql);
    return prepare(sql);
  };
  try {
    await work();
  } finally {
    env.DB_00.prepare = prepare;
  }
  return Promise.all(
    [...seen].map(async (sql) => {
      const count = Math.max(...[...sql.matchAll(/\?(\d+)/g)].map(([, n]) => Number(n)), sql.match(/\?(?!\d)/g)?.length ?? 0);
      const statement = prepare(`explain query plan ${sql}`).bind(...Array.from({ length: count }, () => "[]"));
      const { results } = await statement.all<{ detail: string }>();
      return { sql, plan: results.map(({ detail }) => detail) };
    }),
  );
}
