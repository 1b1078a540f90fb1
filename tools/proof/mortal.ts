// Runs inside of the proven workerd, around the edge and its objects: parts behind them die and live again by a word on a socket of their own.

import { bindingsThrough, type Bindings, type Worker } from "../bench/bindings.ts";

/** How a part dies: every call to it fails, or is never answered. */
export type Death = "fails" | "hangs";

/** The parts that are dead, by the names of their bindings. */
export type Deaths = Readonly<Record<string, Death>>;

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
export const mortalBindings = (env: Bindings): Bindings =>
  bindingsThrough(env, (name) => (call) => {
    if (dead[name] === "fails") return Promise.reject(lost());
    if (dead[name] === "hangs") return new Promise((_, reject) => setTimeout(() => reject(lost()), HANGS_MS));
    return call();
  });

const lost = () => new Error("Network connection lost.");
