import { setTimeout as pause } from "node:timers/promises";
import { until } from "../../host/edge-stand-in.ts";
import type { Play, Way } from "../play.ts";
import { begin, endOf, hear, kill, prepare, work, type Run, type Theatre, type Worker } from "./theatre.ts";

/** How one run ended, beside how it must end. */
export type Ended = { name: string; end: Way["end"] | { lost: string }; must: Way["end"] };
/** A way of a story: every point on it, and of these, those that are worth a crash of their own. */
export type Rehearsed = { name: string; play: Play; way: string; points: string[]; moments: string[]; passed: string[] };

const ARRIVAL_MS = 10_000;
const GROUP = 64;
/** A worker tells of a timer just before the server hears of it. */
const TIMER_SETS_MS = 300;
const AT_ONCE = 16;

/** Plays each way of each story once without a crash: how it ends, and every point that it comes to. `seen` is told of each run at its end. */
export async function rehearse(
  theatre: Theatre,
  plays: ReadonlyMap<string, Play>,
  seen: (run: Run) => Promise<void> = () => Promise.resolve(),
) {
  const worker = theatre.hire();
  const ways = [...plays].flatMap(([name, play]) => Object.keys(play.ways).map((way) => ({ name, play, way })));
  const runs = await Promise.all(
    ways.map(async ({ name, play, way }) => prepare(name, play, way, { point: null, queue: "rehearsal" })),
  );
  await work(worker, runs);
  await inParts(runs, async (run) => (await begin(theatre, run, Promise.resolve())).story);
  const ended = await Promise.all(runs.map((run) => ending(run, theatre)));
  hear(worker, runs);
  const rehearsed = ways.map((way, n): Rehearsed => {
    const { passed, moments, way: chosen } = runs[n] as Run;
    const turnOf = (point: string) => Number(point.split("/").at(-2));
    const isWanted = (point: string) => turnOf(point) <= (chosen.turns ?? Infinity);
    return { ...way, passed, points: [...new Set(passed)].filter(isWanted), moments: [...new Set(moments)].filter(isWanted) };
  });
  await Promise.all(runs.map(seen));
  await kill(worker);
  await Promise.all(runs.map((run) => run.close()));
  return { ended, rehearsed };
}

/** Plays a story once for each of its points, with a host that is killed there and another that goes on. */
export async function crash(theatre: Theatre, rehearsed: readonly Rehearsed[], which: "points" | "moments"): Promise<Ended[]> {
  const heir = theatre.hire();
  const play = (points: readonly Point[]) => crashAll(theatre, heir, points);
  const first = await play(rehearsed.flatMap((way) => way[which].map((point) => ({ ...way, point }))));
  // a machine that is busy may let a run pass its point by a task's time-out: once more, with few others beside it
  const second = await play(first.filter(({ arrived }) => !arrived).map(({ point }) => point));
  await kill(heir);
  return [...first.filter(({ arrived }) => arrived), ...second].map(({ arrived, ended }) =>
    arrived ? ended : { ...ended, end: { lost: "it never came to this point" } },
  );
}

type Point = Pick<Rehearsed, "name" | "play" | "way"> & { point: string };
let groups = 0;
type Crashed = { point: Point; arrived: boolean; ended: Ended };

/** Lets groups of runs die, each by one `kill -9`, while the groups before them are carried on by the heir. */
async function crashAll(theatre: Theatre, heir: Worker, points: readonly Point[]): Promise<Crashed[]> {
  const endings: Promise<Crashed[]>[] = [];
  for (let from = 0; from < points.length; from += GROUP) {
    const group = points.slice(from, from + GROUP);
    const doomed = theatre.hire();
    const queue = `group-${++groups}`;
    const runs = await Promise.all(group.map(({ name, play, way, point }) => prepare(name, play, way, { point, queue })));
    const restarted = Promise.withResolvers<void>();
    await work(doomed, runs);
    const stories: Promise<void>[] = [];
    await inParts(runs, async (run) => {
      // what goes wrong here is seen by how the run ends
      stories.push((await begin(theatre, run, restarted.promise)).story.catch(() => undefined));
    });
    const arrived = await comeToTheirPoints(doomed, runs);
    await kill(doomed);
    for (const run of runs) run.order.point = null;
    await work(heir, runs);
    restarted.resolve();
    endings.push(
      Promise.all(
        runs.map(async (run, n): Promise<Crashed> => {
          const ended = await ending(run, theatre);
          await run.close();
          return { point: group[n] as Point, arrived: arrived.has(run), ended };
        }),
      ),
    );
  }
  return (await Promise.all(endings)).flat();
}

/** Waits until each run has come to its point; answers those that did. */
async function comeToTheirPoints(worker: Worker, runs: readonly Run[]): Promise<Set<Run>> {
  const all = (): boolean => (hear(worker, runs), runs.every((run) => run.reached));
  await until("every run has come to its point", all, ARRIVAL_MS).catch(() => undefined);
  await pause(TIMER_SETS_MS);
  return new Set(runs.filter((run) => run.reached));
}

const about = (run: Run) => ({ name: run.point === null ? run.name : `${run.name}/${run.point}`, must: run.way.end });

async function ending(run: Run, theatre: Theatre): Promise<Ended> {
  const end = await endOf(run, theatre).catch((error: unknown) => ({ lost: String(error) }));
  return { ...about(run), end };
}

async function inParts<T>(all: readonly T[], one: (each: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < all.length; from += AT_ONCE) await Promise.all(all.slice(from, from + AT_ONCE).map(one));
}
