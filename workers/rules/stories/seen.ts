import type { StoryState } from "./states.ts";

/** Why something failed: the engine's or our own word for it, and a sentence. */
export type StoryFailure = { code: string | null; message: string };

/** Something that a story has under way, or tries again. */
export type Trial = {
  /** which attempt, from 1 */
  attempt: number;
  /** since when it is asked for, or fails */
  since: Date;
  /** since when this attempt runs; null: it waits for its turn */
  runsSince: Date | null;
  /** of the attempt before */
  failure: StoryFailure | null;
};

/** A story as the engine describes it. */
export type StoryDescription = {
  /** over: it came to its end, or was asked to stop; failed: it was ended by what it could not do */
  status: "running" | "over" | "failed";
  /** what the story itself says that it waits for */
  rests: { for: string; until: Date | null } | null;
  /** what others are to do for it */
  trials: readonly Trial[];
  /** what the story itself says that keeps it from coming on */
  trouble?: StoryFailure & { since: Date };
  /** its own next step, where it is to take one */
  task: Trial | null;
  /** why it is over */
  failure: StoryFailure | null;
};

/** How a story stands, as it is shown. `attempt`: of what is tried again; 0 where nothing is. */
export type SeenAs = {
  state: StoryState;
  waitsFor: string | null;
  waitsUntil: Date | null;
  attempt: number;
  errorCode: string | null;
  error: string | null;
};

/** From this attempt on, or failing for so long, somebody should look. */
export const STUCK_AT_ATTEMPT = 5;
export const STUCK_AFTER_MS = 5 * 60_000;
/** A story's own step has nothing outside that may fail: where it fails again, its code is wrong for what it began with. */
export const TASK_STUCK_AT_ATTEMPT = 3;
/** An attempt that runs for so long is at work, however often those before it failed: ours fail sooner. */
export const AT_WORK_AFTER_MS = 15_000;

/** How a story stands at `now`. What fails outshines what is at work, and that what waits. */
export function storySeen(story: StoryDescription, now: Date): SeenAs {
  const seen: SeenAs = { state: "ended", waitsFor: null, waitsUntil: null, attempt: 0, errorCode: null, error: null };
  if (story.status === "over") return seen;
  if (story.status === "failed") return { ...seen, state: "failed", ...told(story.failure) };

  const { task, trials } = story;
  const worst = [...(task ? [{ ...task, stuckAt: TASK_STUCK_AT_ATTEMPT }] : []), ...trials.map(asTrial)]
    .filter((trial) => isTroubled(trial, now))
    .toSorted((a, b) => Number(isStuck(b, now)) - Number(isStuck(a, now)) || b.attempt - a.attempt)[0];
  if (worst) {
    const attempt = worst.attempt > 1 ? worst.attempt : 0;
    return { ...seen, state: isStuck(worst, now) ? "stuck" : "retrying", attempt, ...told(worst.failure ?? UNTAKEN) };
  }
  const { trouble } = story;
  if (trouble) return { ...seen, state: msBetween(trouble.since, now) > STUCK_AFTER_MS ? "stuck" : "retrying", ...told(trouble) };
  if (task || trials.length > 0) return { ...seen, state: "working" };
  const { rests } = story;
  return { ...seen, state: "waiting", waitsFor: rests?.for ?? "a timer or a signal", waitsUntil: rests?.until ?? null };
}

type Judged = Trial & { stuckAt: number };
const asTrial = (trial: Trial): Judged => ({ ...trial, stuckAt: STUCK_AT_ATTEMPT });

/** Nobody does it: there is no worker for it, or none with room. */
const UNTAKEN: StoryFailure = { code: "no_worker", message: "No worker takes it up" };

/** Whether it fails, or nobody has begun it for too long. */
function isTroubled({ attempt, since, runsSince }: Trial, now: Date): boolean {
  if (attempt > 1) return runsSince === null || msBetween(runsSince, now) < AT_WORK_AFTER_MS;
  return runsSince === null && msBetween(since, now) > STUCK_AFTER_MS;
}

function isStuck({ attempt, since, stuckAt }: Judged, now: Date): boolean {
  return attempt >= stuckAt || msBetween(since, now) > STUCK_AFTER_MS;
}

const told = (failure: StoryFailure | null) => ({ errorCode: failure?.code ?? null, error: failure?.message ?? null });
const msBetween = (from: Date, to: Date) => to.getTime() - from.getTime();
