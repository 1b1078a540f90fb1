import { env } from "cloudflare:workers";

/**
 * Lets `what` happen right before the next statement like `before` is carried out, alone or in a batch: between a request's reading and its
 * writing, where no test could come in by chance. The request and what comes between are real; only the moment is chosen.
 */
export function meanwhile(before: RegExp, what: () => Promise<unknown>): () => boolean {
  const prepare = env.DB_00.prepare.bind(env.DB_00);
  const batch = env.DB_00.batch.bind(env.DB_00);
  const texts = new WeakMap<object, string>();
  let happened = false;

  const come = async (sql: string) => {
    if (happened || !before.test(sql)) return;
    happened = true;
    Object.assign(env.DB_00, { prepare, batch });
    await what();
  };
  env.DB_00.prepare = (sql: string) => {
    const statement = prepare(sql);
    const bind = statement.bind.bind(statement);
    statement.bind = (...values: unknown[]) => {
      const bound = bind(...values);
      texts.set(bound, sql);
      const raw = bound.raw.bind(bound) as () => Promise<never>;
      bound.raw = async () => {
        await come(sql);
        return raw();
      };
      return bound;
    };
    return statement;
  };
  env.DB_00.batch = async (statements: D1PreparedStatement[]) => {
    await come(statements.map((statement) => texts.get(statement) ?? "").join("\n"));
    return batch(statements);
  };
  return () => happened;
}
