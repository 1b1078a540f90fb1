import { env } from "cloudflare:workers";

/**
 * Lets `what` happen right before the next batch that holds a statement like `before`: between a request's reading and its writing, where no
 * test could come in by chance. The request and what comes between are real; only the moment is chosen.
 */
export function meanwhile(before: RegExp, what: () => Promise<unknown>): () => boolean {
  const prepare = env.DB_00.prepare.bind(env.DB_00);
  const batch = env.DB_00.batch.bind(env.DB_00);
  const texts = new WeakMap<object, string>();
  let happened = false;
  env.DB_00.prepare = (sql: string) => {
    const statement = prepare(sql);
    const bind = statement.bind.bind(statement);
    statement.bind = (...values: unknown[]) => {
      const bound = bind(...values);
      texts.set(bound, sql);
      return bound;
    };
    return statement;
  };
  env.DB_00.batch = async (statements: D1PreparedStatement[]) => {
    if (!happened && statements.some((statement) => before.test(texts.get(statement) ?? ""))) {
      happened = true;
      Object.assign(env.DB_00, { prepare, batch });
      await what();
    }
    return batch(statements);
  };
  return () => happened;
}
