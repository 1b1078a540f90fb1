// Runs inside of the measured workerd, around the edge: it counts what the edge asks of its bindings. Counters of the edge itself would be its own word.

/** What a worker can be asked for outside of itself. */
export const CALL_KINDS = ["d1", "kv", "object"] as const;
export type CallKind = (typeof CALL_KINDS)[number];
export type Calls = Record<CallKind, number>;

/** What was counted since the worker began. `before_answer`: calls that a request made and that ended before it was answered. */
export type Counts = { requests: number; calls: Calls; before_answer: Calls };

type Bindings = Record<string, unknown>;
type Fetch = (request: Request, env: Bindings, context: unknown) => Promise<Response> | Response;
type Worker = { fetch: Fetch; scheduled?: unknown };

/** A worker that is counted, and what answers its counts. */
export type Counted = {
  worker: Worker;
  /** The counts; `one_by_one` says whether requests now come one at a time, so that each can be told from its neighbours. */
  counts: (request: Request) => Response;
};

/** Puts the counting around a worker. While requests come all at once it costs them no more than a call. */
export function counting(worker: Worker): Counted {
  const calls = none();
  const beforeAnswer = none();
  let requests = 0;
  let oneByOne = false;
  let answering = -1;
  let around: Bindings | undefined;
  const count: Count = (kind, made) => {
    calls[kind]++;
    const request = answering;
    const ended = () => void (request === answering && request > 0 && beforeAnswer[kind]++);
    return made.then(
      (value) => (ended(), value),
      (error: unknown) => {
        ended();
        throw error;
      },
    );
  };
  return {
    worker: {
      ...worker,
      fetch(request, env, context) {
        around ??= countedBindings(env, count);
        requests++;
        if (!oneByOne) return worker.fetch(request, around, context);
        answering = requests;
        return Promise.resolve(worker.fetch(request, around, context)).finally(() => (answering = -1));
      },
    },
    counts(request) {
      oneByOne = new URL(request.url).searchParams.has(ONE_BY_ONE);
      const told: Counts = { requests, calls, before_answer: beforeAnswer };
      return Response.json(told);
    },
  };
}

/** The query parameter with which the counts are asked for before and among requests that come one at a time. */
export const ONE_BY_ONE = "one_by_one";

const none = (): Calls => ({ d1: 0, kv: 0, object: 0 });

type Count = <Value>(kind: CallKind, made: Promise<Value>) => Promise<Value>;
type Callable = (...args: unknown[]) => unknown;

/** The same bindings, of which databases, key-value stores and objects are counted. */
function countedBindings(env: Bindings, count: Count): Bindings {
  const counted: Bindings = {};
  for (const [name, binding] of Object.entries(env)) counted[name] = countedBinding(binding, count);
  return counted;
}

function countedBinding(binding: unknown, count: Count): unknown {
  if (!isObject(binding)) return binding;
  if (isCallable(binding["prepare"])) return countedD1(binding, count);
  if (isCallable(binding["idFromName"])) return countedNamespace(binding, count);
  // a bucket has put, get and list too, but no getWithMetadata
  if (isCallable(binding["getWithMetadata"])) {
    return methods(
      binding,
      (_, call) =>
        (...args) =>
          count("kv", promised(call(...args))),
    );
  }
  return binding;
}

function countedD1(database: object, count: Count): unknown {
  const real = new WeakMap<object, object>();
  const statement = (prepared: object): object => {
    const counted = methods(prepared, (name, call) => (...args) => {
      if (name === "bind") return statement(call(...args) as object);
      return count("d1", promised(call(...args)));
    });
    real.set(counted, prepared);
    return counted;
  };
  return methods(database, (name, call) => (...args) => {
    if (name === "prepare") return statement(call(...args) as object);
    if (name !== "batch") return count("d1", promised(call(...args)));
    const [statements] = args as [object[]];
    return count("d1", promised(call(statements.map((each) => real.get(each) ?? each))));
  });
}

function countedNamespace(namespace: object, count: Count): unknown {
  return methods(namespace, (name, call) => (...args) => {
    const made = call(...args);
    if ((name !== "get" && name !== "getByName") || !isObject(made)) return made;
    return methods(
      made,
      (_, method) =>
        (...sent) =>
          count("object", promised(method(...sent))),
    );
  });
}

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

const promised = (made: unknown): Promise<unknown> => Promise.resolve(made);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isCallable = (value: unknown): value is Callable => typeof value === "function";
