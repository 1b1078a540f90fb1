// Runs inside of a measured or proven workerd, around the edge: what the edge asks of its bindings goes through the hands of whoever stands there.

/** What a worker can be asked for outside of itself. */
export const CALL_KINDS = ["d1", "kv", "object"] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** The bindings of a worker, by their names. */
export type Bindings = Record<string, unknown>;

type Fetch = (request: Request, env: Bindings, context: unknown) => Promise<Response> | Response;

/** A worker, as its module exports it. */
export type Worker = { fetch: Fetch; scheduled?: unknown };

/** What a call goes through: it makes the call, or does something else, and answers in its place. */
export type Through = (call: () => unknown) => unknown;

/** The same bindings, of which each call to a database, a key-value store or an object goes through what `throughOf` gives for its binding. */
export function bindingsThrough(env: Bindings, throughOf: (name: string, kind: CallKind) => Through): Bindings {
  const through = (name: string, binding: unknown) => {
    const kind = kindOf(binding);
    return kind && isObject(binding) ? WRAPPED[kind](binding, throughOf(name, kind)) : binding;
  };
  return Object.fromEntries(Object.entries(env).map(([name, binding]) => [name, through(name, binding)]));
}

function kindOf(binding: unknown): CallKind | undefined {
  if (!isObject(binding)) return undefined;
  if (isCallable(binding["prepare"])) return "d1";
  if (isCallable(binding["idFromName"])) return "object";
  // a bucket has put, get and list too, but no getWithMetadata
  return isCallable(binding["getWithMetadata"]) ? "kv" : undefined;
}

const WRAPPED: Record<CallKind, (binding: object, through: Through) => object> = {
  d1: databaseThrough,
  kv: allThrough,
  object: namespaceThrough,
};

/** A statement is asked when it is run, not when it is prepared; a batch takes the real ones. */
function databaseThrough(database: object, through: Through): object {
  const real = new WeakMap<object, object>();
  const statement = (prepared: object): object => {
    const mine = methods(prepared, (name, call) => (...args) => {
      if (name === "bind") return statement(call(...args) as object);
      return through(() => call(...args));
    });
    real.set(mine, prepared);
    return mine;
  };
  return methods(database, (name, call) => (...args) => {
    if (name === "prepare") return statement(call(...args) as object);
    if (name !== "batch") return through(() => call(...args));
    const [statements] = args as [object[]];
    return through(() => call(statements.map((each) => real.get(each) ?? each)));
  });
}

function namespaceThrough(namespace: object, through: Through): object {
  return methods(namespace, (name, call) => (...args) => {
    const made = call(...args);
    return (name === "get" || name === "getByName") && isObject(made) ? allThrough(made, through) : made;
  });
}

function allThrough(asked: object, through: Through): object {
  return methods(
    asked,
    (_, call) =>
      (...args) =>
        through(() => call(...args)),
  );
}

type Callable = (...args: unknown[]) => unknown;

/** An object whose methods go through `around`; everything else is as it was. */
function methods(target: object, around: (name: string | symbol, call: Callable) => Callable): object {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (!isCallable(value)) return value;
      // not value.apply: of an object's method that would be one more call to the object
      return around(name, (...args) => Reflect.apply<object, unknown[], unknown>(value, target, args));
    },
  });
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isCallable = (value: unknown): value is Callable => typeof value === "function";
