import { within } from "./within.ts";

/** Longer than the longest honest statement takes, and shorter than a caller waits. */
const TIMEOUT_MS = 10_000;

const wrapped = new WeakMap<D1Database, D1Database>();
const inner = new WeakMap<D1PreparedStatement, D1PreparedStatement>();

/**
 * A database that answers or throws: a call that takes longer than ten seconds is an error, as one that the database itself gives up. Whether a
 * write that was given up took place is not known; who repeats it under its Idempotency-Key learns it.
 */
export function timed(d1: D1Database): D1Database {
  const known = wrapped.get(d1);
  if (known) return known;
  const database = {
    prepare: (sql: string) => statementOf(d1.prepare(sql)),
    batch: (statements: D1PreparedStatement[]) => inTime(d1.batch(statements.map((each) => inner.get(each) ?? each))),
    exec: (sql: string) => inTime(d1.exec(sql)),
    withSession: (...how: Parameters<D1Database["withSession"]>) => d1.withSession(...how),
    dump: () => d1.dump(),
  } as unknown as D1Database;
  wrapped.set(d1, database);
  return database;
}

function statementOf(statement: D1PreparedStatement): D1PreparedStatement {
  const made = {
    bind: (...values: unknown[]) => statementOf(statement.bind(...values)),
    first: (...column: [string]) => inTime(statement.first(...column)),
    run: () => inTime(statement.run()),
    all: () => inTime(statement.all()),
    raw: (...how: []) => inTime(statement.raw(...how)),
  } as unknown as D1PreparedStatement;
  inner.set(made, statement);
  return made;
}

const inTime = <T>(work: Promise<T>): Promise<T> => within(work, TIMEOUT_MS, "D1_ERROR: the statement timed out");
