// Runs inside of the measured workerd, around the edge: it counts what the edge asks of its bindings. Counters of the edge itself would be its own word.

import { bindingsThrough, type Bindings, type CallKind, type Worker } from "./bindings.ts";

export type Calls = Record<CallKind, number>;

/** What was counted since the worker began. `before_answer`: calls that a request made and that ended before it was answered. */
export type Counts = { requests: number; calls: Calls; before_answer: Calls };

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
  const count = <Value>(kind: CallKind, made: Promise<Value>): Promise<Value> => {
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
        around ??= bindingsThrough(env, (_, kind) => (call) => count(kind, Promise.resolve(call())));
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
