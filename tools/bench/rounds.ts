import { setTimeout as pause } from "node:timers/promises";
import type { Say } from "../say.ts";
import { type CallKind, CALL_KINDS } from "./bindings.ts";
import { type Calls, type Counts, ONE_BY_ONE } from "./counting.ts";
import { compared, type Compared, cpuUsOf, median, rateOf, type Round, rounded, type Stretch } from "./figures.ts";
import { type Expected, load, p50Of, type Shot } from "./load.ts";
import { cpuMs, type Running } from "./workerd.ts";

/** One kind of request to one worker. */
export type Subject<Name extends string = string> = {
  name: Name;
  worker: Pick<Running, "countsUrl" | "pid">;
  shot: Shot;
  expected: Expected;
  /** Whose requests the bare worker is asked by beside it, where they are not its own. */
  against?: { name: string; shot: Shot };
  /** Whether the worker goes on working after its answers, so that it must come to rest before another one is measured. */
  writes?: boolean;
  /** How many different requests it goes round: warm is only who was asked for each of them. */
  goesRound?: number;
  /** No more requests than this in one stretch, where there are not more that were never asked. */
  mostAStretch?: number;
};

/** How long and how often to measure. */
export type Pace = { rounds: number; seconds: number; warmSeconds: number; oneClientSeconds: number; counted: number };

/** Calls of one request to databases, key-value stores and objects. */
export type CallsEach = { d1: number; kv: number; object: number };

/** The bare worker in figures of its own, as the request of one subject asked it: what that subject's ratios are of. */
export type Bare = { asked_by: string; per_second: number; cpu_us: number; p50_ms_one_client: number };

/** A subject as it is reported. */
export type Measured = Compared & { p50_ms_one_client: number; awaited: CallsEach; background: CallsEach };

const CONNECTIONS = 16;
const REST_MS = 60;
const WHOLE_ROUND_S = 60;

/** What the bare worker answers, whatever it is asked. */
export const BARE_ANSWER: Expected = { status: 200, holds: '"ok":true' };

type Going = { subject: Subject; sent: number; rounds: Round[]; calls: Calls; answers: number };

/** A subject, and the bare worker beside it. */
type Pair = Going & { bare: Going };

/**
 * Measures subjects in rounds, each with the bare worker directly before and after it, so that it is compared with what the machine had to give
 * just then. The bare worker is sent the same bytes, which it does not read: what a request brings over the wire is no work of the edge's.
 * Throws when a first answer is not the wished one.
 */
export async function measure<Name extends string>(
  bare: Running,
  subjects: readonly Subject<Name>[],
  pace: Pace,
  say: Say,
): Promise<{ bare: Bare; measured: Record<Name, Measured> }> {
  const all = subjects.map((subject): Pair => ({ ...goingOf(subject), bare: goingOf(bareBeside(bare, subject)) }));
  for (const going of all) {
    await warm(going.bare, { warmSeconds: pace.warmSeconds / 10 }, say);
    await warm(going, pace, say);
  }
  for (let n = 0; n < pace.rounds; n++) {
    // another one begins each round, so that none always follows the same neighbour
    for (const going of [...all.slice(n % all.length), ...all.slice(0, n % all.length)]) {
      say.progress(`round ${n + 1} of ${pace.rounds}: ${going.subject.name} …`);
      const before = await stretch(going.bare, pace.seconds / 2);
      await wholeRound(going);
      const counted = await countsOf(going.subject);
      const subject = await stretch(going, pace.seconds);
      if (going.subject.writes) await pause(REST_MS);
      add(going, counted, await countsOf(going.subject), subject.answers);
      const after = await stretch(going.bare, pace.seconds / 2);
      going.rounds.push({ bare: [before, after], subject });
    }
  }
  const results = new Map<string, Measured>();
  for (const going of all) {
    say.progress(`one client, and what is called: ${going.subject.name} …`);
    results.set(going.subject.name, await finished(going, pace));
  }
  const measured = Object.fromEntries(results) as Record<Name, Measured>;
  const [first] = all;
  if (!first) throw new Error("Nothing is measured");
  return { bare: await bareFigures(first, pace), measured };
}

const goingOf = (subject: Subject): Going => ({ subject, sent: 1, rounds: [], calls: noCalls(), answers: 0 });

const bareBeside = (bare: Running, { name, shot, against }: Subject): Subject => ({
  name: `bare worker beside ${name}`,
  worker: bare,
  shot: (against?.shot ?? shot).at(bare.url),
  expected: BARE_ANSWER,
});

async function bareFigures({ subject, rounds, bare }: Pair, { oneClientSeconds }: Pace): Promise<Bare> {
  const stretches = rounds.flatMap(({ bare: [before, after] }) => [before, after]);
  const alone = await stretch(bare, oneClientSeconds, 1);
  return {
    asked_by: (subject.against ?? subject).name,
    per_second: rounded(median(stretches.map((each) => rateOf(each))), 0),
    cpu_us: rounded(median(stretches.map((each) => cpuUsOf(each))), 1),
    p50_ms_one_client: rounded(alone.p50Ms, 3),
  };
}

/** Why a subject cannot be measured: its answer, where that is not the wished one. */
export async function whyNot({ shot, expected }: Subject): Promise<string | undefined> {
  const first = await load(shot, expected, { connections: 1, seconds: 5, from: 0, most: 1 });
  return first.failed > 0 ? first.sample : undefined;
}

async function warm(going: Going, { warmSeconds }: Pick<Pace, "warmSeconds">, say: Say): Promise<void> {
  const { subject } = going;
  say.progress(`warming up: ${subject.name} …`);
  const first = await load(subject.shot, subject.expected, { connections: 1, seconds: 5, from: going.sent, most: 1 });
  going.sent += first.answers;
  if (first.failed > 0) throw new Error(`${subject.name} was answered with ${first.sample}`);
  await wholeRound(going);
  await stretch(going, warmSeconds);
}

/**
 * Asks once for all that a subject goes round, unmeasured: what is warm had traffic a moment ago, while here it waited for its turn. Nothing for
 * subjects that ask the same again and again.
 */
async function wholeRound(going: Going): Promise<void> {
  const { shot, expected, goesRound: most = 1, name } = going.subject;
  if (most <= 1) return;
  const round = await load(shot, expected, { connections: CONNECTIONS, seconds: WHOLE_ROUND_S, from: going.sent, most });
  going.sent += round.answers;
  if (round.answers < most) throw new Error(`${name}: not all of it could be asked for in ${WHOLE_ROUND_S} s`);
}

async function stretch(going: Going, seconds: number, connections = CONNECTIONS): Promise<Stretch> {
  const { shot, expected, worker, mostAStretch } = going.subject;
  const before = cpuMs(worker.pid);
  const most = mostAStretch === undefined ? {} : { most: mostAStretch };
  const came = await load(shot, expected, { connections, seconds, from: going.sent, ...most });
  going.sent += came.answers;
  if (came.answers === 0) throw new Error(`${going.subject.name} ran out of requests that were never asked`);
  return {
    answers: came.answers,
    failed: came.failed,
    seconds: came.seconds,
    cpuMs: cpuMs(worker.pid) - before,
    p50Ms: p50Of(came),
  };
}

async function finished(going: Going, { oneClientSeconds, counted }: Pace): Promise<Measured> {
  await wholeRound(going);
  const alone = await stretch(going, oneClientSeconds, 1);
  const awaited = await awaitedCalls(going, counted);
  const underLoad = each(going.calls, going.answers);
  const background = { d1: 0, kv: 0, object: 0 };
  for (const kind of CALL_KINDS) background[kind] = rounded(Math.max(0, underLoad[kind] - awaited[kind]), 4);
  return { ...compared(going.rounds), p50_ms_one_client: rounded(alone.p50Ms, 3), awaited, background };
}

/** What a request waits for, told by requests one at a time: each rests until what it left behind is done. */
async function awaitedCalls(going: Going, howMany: number): Promise<CallsEach> {
  const { shot, expected } = going.subject;
  await wholeRound(going);
  const before = await countsOf(going.subject, true);
  let answers = 0;
  for (let n = 0; n < howMany; n++) {
    answers += (await load(shot, expected, { connections: 1, seconds: 5, from: going.sent++, most: 1 })).answers;
    await pause(REST_MS / 20);
  }
  const after = await countsOf(going.subject);
  const calls = noCalls();
  if (before && after) for (const kind of CALL_KINDS) calls[kind] = after.before_answer[kind] - before.before_answer[kind];
  return each(calls, answers);
}

const noCalls = (): Calls => ({ d1: 0, kv: 0, object: 0 });

function add(going: Going, before: Counts | undefined, after: Counts | undefined, answers: number): void {
  if (!before || !after) return;
  for (const kind of CALL_KINDS) going.calls[kind] += after.calls[kind] - before.calls[kind];
  going.answers += answers;
}

function each(calls: Calls, answers: number): CallsEach {
  const of = (kind: CallKind) => (answers === 0 ? 0 : rounded(calls[kind] / answers, 4));
  return { d1: of("d1"), kv: of("kv"), object: of("object") };
}

/** What the worker was counted to have called; undefined of a bare worker, which is not counted. */
async function countsOf({ worker }: Subject, oneByOne = false): Promise<Counts | undefined> {
  if (!worker.countsUrl) return undefined;
  const url = new URL(worker.countsUrl);
  if (oneByOne) url.searchParams.set(ONE_BY_ONE, "");
  const answer = await fetch(url);
  const counts: Counts = JSON.parse(await answer.text());
  return counts;
}
