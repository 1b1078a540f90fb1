import { addDuration } from "../time.ts";

/** ready: it stands still; advancing: it goes from one due story to the next; failed: a story did not go on in time. */
export const TEST_CLOCK_STATUSES = ["ready", "advancing", "failed"] as const;
export type TestClockStatus = (typeof TEST_CLOCK_STATUSES)[number];

/** How far a clock may be moved at once: each story that waits in between runs. */
export const FURTHEST = "P2Y";

/** How long, in real time, a clock waits for one story to go on before it says that this one keeps it. */
export const PATIENCE_MS = 60_000;

/** Where a clock is to be moved; `by` is an ISO 8601 duration. */
export type Advance = { to: Date } | { by: string };

/** The instant that a clock is to be moved to, or why it may not be: it only goes forward, and not too far at once. */
export function targetOf(now: Date, advance: Advance): { target: Date } | { whyNot: "backward" | "too_far" } {
  const target = "to" in advance ? advance.to : addDuration(now, advance.by);
  if (target < now) return { whyNot: "backward" };
  if (target > addDuration(now, FURTHEST)) return { whyNot: "too_far" };
  return { target };
}

/** Whether a clock has waited for one thing for so long that it waits no more. */
export function isOutOfPatience(waitsSince: Date, realNow: Date): boolean {
  return realNow.getTime() - waitsSince.getTime() >= PATIENCE_MS;
}

/** What an advance has to do next. */
export type ClockStep =
  | { kind: "wait"; for: string | null }
  | { kind: "look"; behind: number }
  | { kind: "wake"; workflowId: string; at: Date }
  | { kind: "arrive" };

/** What there is to know for it, read at one moment. */
export type ClockSight = {
  now: Date;
  target: Date;
  /** the story whose instant has come, and that has not told what it waits for next */
  woken: string | null;
  /** events that were not looked at yet, oldest first: the stories that they start must have begun */
  events: readonly { seq: number; isDispatched: boolean }[];
  /** a story that an event started, and that is at work */
  busy: string | null;
  /** the story whose instant comes next */
  next: { workflowId: string; at: Date } | null;
};

/**
 * What comes next on the way to the target: first whatever has begun at this instant comes to rest, then the story whose instant is the
 * earliest is woken, and when none is due any more the clock has arrived.
 */
export function nextStep({ now, target, woken, events, busy, next }: ClockSight): ClockStep {
  if (woken !== null) return { kind: "wait", for: woken };
  if (events.some(({ isDispatched }) => !isDispatched)) return { kind: "wait", for: null };
  if (busy !== null) return { kind: "wait", for: busy };
  const last = events.at(-1);
  if (last) return { kind: "look", behind: last.seq };
  if (next && next.at <= target) return { kind: "wake", workflowId: next.workflowId, at: next.at < now ? now : next.at };
  return { kind: "arrive" };
}
