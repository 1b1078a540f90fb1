// Runs inside of the proven workerd, around the edge and its objects: parts behind them die and live again by a word on a socket of their own.

/** How a part dies: every call to it fails, or is never answered. */
export type Death = "fails" | "hangs";

/** The parts that are dead, by the names of their bindings. */
export type Deaths = Readonly<Record<string, Death>>;

type Bindings = Record<string, unknown>;
type Fetch = (request: Request, env: Bindings, context: unknown) => Promise<Response> | Response;
type Worker = { fetch: Fetch; scheduled?: unknown };
type Callable = (...args: unknown[]) => unknown;

/** Longer than anybody waits; what hangs for good would be ended by the runtime. */
const HANGS_MS = 25_000;

let dead: Deaths = {};

/** Puts what may die around a worker. `control` takes the deaths from now on, which replace those before. */
export function mortal(worker: Worker): { worker: Worker; control: (request: Request) => Promise<Response> } {
  let around: Bindings | undefined;
  return {
    worker: {
      ...worker,
      fetch(request, env, context) {
        return worker.fetch(request, (around ??= mortalBindings(env)), context);
      },
    },
    async control(request) {
      dead = await request.json<Deaths>();
      return Response.json(dead);
    },
  };
}

/** The same bindings, each of which may die. */
export function mortalBindings(env: Bindings): Bindings {
  return Object.fromEntries(Object.entries(env).map(([name, binding]) => [name, mortalBinding(name, binding)]));
}

function mortalBinding(name: string, binding: unknown): unknown {
  if (!isObject(binding)) return binding;
  const gate = (call: Callable) => () => {
    if (dead[name] === "fails") return Promise.reject(new Error("Network connection lost."));
    if (dead[name] === "hangs") return hanging();
    return call();
  };
  if (isCallable(binding["prepare"])) return mortalD1(binding, gate);
  if (isCallable(binding["idFromName"])) return stubsOf(binding, (_, call) => gate(call)());
  if (isCallable(binding["getWithMetadata"]))
    return methods(
      binding,
      (_, call) =>
        (...args) =>
          gate(() => call(...args))(),
    );
  return binding;
}

function hanging(): Promise<never> {
  return new Promise((_, reject) => setTimeout(() => reject(new Error("Network connection lost.")), HANGS_MS));
}

function mortalD1(database: object, gate: (call: Callable) => Callable): unknown {
  const real = new WeakMap<object, object>();
  const statement = (prepared: object): object => {
    const mine = methods(prepared, (name, call) => (...args) => {
      if (name === "bind") return statement(call(...args) as object);
      return gate(() => call(...args))();
    });
    real.set(mine, prepared);
    return mine;
  };
  return methods(database, (name, call) => (...args) => {
    if (name === "prepare") return statement(call(...args) as object);
    if (name !== "batch") return gate(() => call(...args))();
    const [statements] = args as [object[]];
    return gate(() => call(statements.map((each) => real.get(each) ?? each)))();
  });
}

/** A namespace whose objects are called through `around`. */
function stubsOf(namespace: object, around: (method: string | symbol, call: () => unknown) => unknown): object {
  return methods(namespace, (name, call) => (...args) => {
    const made = call(...args);
    if ((name !== "get" && name !== "getByName") || !isObject(made)) return made;
    return methods(
      made,
      (method, ask) =>
        (...sent) =>
          around(method, () => ask(...sent)),
    );
  });
}

/** An object whose methods go through `around`; everything else is as it was. */
function methods(target: object, around: (name: string | symbol, call: Callable) => Callable): object {
  return new Proxy(target, {
    get(_, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (!isCallable(value)) return value;
      return around(name, (...args) => Reflect.apply<object, unknown[], unknown>(value, target, args));
    },
  });
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const isCallable = (value: unknown): value is Callable => typeof value === "function";
