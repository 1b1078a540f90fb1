import type { WindowName } from "./windows.ts";

/**
 * A lease is a number of requests that one isolate may let through by itself. The arithmetic of who gets how many stands here; the object that
 * grants and the isolate that uses up only keep the numbers.
 */

/** No lease is more than this part of what is left, so that one isolate leaves something for the others until the very end. */
const PART_OF_LEFT = 16;

/** An isolate holds about what it needs for this long: enough that it seldom asks, little enough that little is lost when it dies. */
const HORIZON_MS = 30_000;

/** An isolate that goes on asks for the window to come this long before it begins, when it was busy in the one before. */
export const AHEAD_MS = 3_000;
const BUSY_FROM = 8;

/** What the object remembers of a window is forgotten this long after it ended; by then no isolate's clock lies in it any more. */
export const KEPT_AFTER_MS = 600_000;

/** How long an isolate believes that nothing is left. Of a longer window some may come back, from isolates that leased more than they used. */
const BELIEVED_MS = 60_000;

export type Ask = {
  /** Requests that wait for the answer. They are served first, as far as the window reaches. */
  waiting: number;
  /** What the isolate would like to hold, itself included. */
  wanted: number;
};

/** How many requests a lease is for: what waits at least, what is wanted at most, and else a sixteenth of what is left. Never more than is left. */
export function leaseOf(limit: number, granted: number, { waiting, wanted }: Ask): number {
  const left = Math.max(0, limit - granted);
  const share = Math.max(1, Math.ceil(left / PART_OF_LEFT));
  return Math.min(left, Math.max(waiting, Math.min(wanted, share)));
}

/**
 * What an isolate wants to hold that used `used` requests in the last `sinceMs`: by its pace, and no more than four times of what it used, so that
 * a few requests in a burst do not take a month's share. Refilled at half, that doubles with each lease of a busy isolate.
 */
export function wantedAfter(used: number, sinceMs: number): number {
  return Math.max(1, Math.min(used * 4, Math.ceil((used * HORIZON_MS) / Math.max(1, sinceMs))));
}

/** Of limits below this every request counts: nothing of them is leased before somebody wants it. */
const LARGE_LIMIT = 1_000;
/** The part of a large limit of a minute that an isolate gets when it asks for the first time: enough that a few devices do not make it ask again. */
const FIRST_PART = 512;
/** The part of a large limit that it gets of each of the next minutes with that: an isolate that is asked now and then does not wait each time. */
const STANDING_PART = 1_500;
const LEAST_STANDING = 2;
/** The part that it gets of them at the most, however much it used of a minute. */
const MOST_STANDING_PART = 64;
/** For how many minutes. */
export const STANDING_WINDOWS = 10;

/** What an isolate wants to hold of a window at the least. Minutes are short, so that what is not used of them is soon nobody's loss. */
export function leastWanted(name: WindowName, limit: number): number {
  return name === "minute" && limit >= LARGE_LIMIT ? Math.ceil(limit / FIRST_PART) : 1;
}

/** How many requests of each of the next windows are leased together with one, at the least; 0 where none are. */
export function standingOf(name: WindowName, limit: number): number {
  return name === "minute" && limit >= LARGE_LIMIT ? Math.max(LEAST_STANDING, Math.ceil(limit / STANDING_PART)) : 0;
}

/** The same by what an isolate used of a window: twice of it, so that a steady one need not ask within a minute. */
export function standingAfter(least: number, limit: number, used: number): number {
  return Math.max(least, Math.min(used * 2, Math.floor(limit / MOST_STANDING_PART)));
}

/** Of how much of a window leases may stand: the other half is there for those who come and ask, however many isolates hold something. */
export const standingLimit = (limit: number): number => Math.floor(limit / 2);

/** What an isolate still needs of a window if it goes on as it did. */
export function restOf(used: number, nowMs: number, { startsAt, endsAt }: { startsAt: number; endsAt: number }): number {
  return Math.ceil((used * Math.max(0, endsAt - nowMs)) / Math.max(1, nowMs - startsAt));
}

/** Whether the next window is to be asked for already. */
export function asksAhead(usedInWindow: number, nowMs: number, endsAt: number): boolean {
  return usedInWindow >= BUSY_FROM && endsAt - nowMs <= AHEAD_MS;
}

/** Until when an isolate does not ask again that heard that nothing is left. */
export function refusedUntil(nowMs: number, endsAt: number): number {
  return Math.min(endsAt, nowMs + BELIEVED_MS);
}

/**
 * Whether what an idle isolate holds is worth giving back. Of a minute it is only when much of the limit stands still; of an hour or a month every
 * request counts, because what is not given back is lost to the tenant for as long.
 */
export function isWorthReturning(name: WindowName, held: number, limit: number): boolean {
  if (held <= 0) return false;
  return name !== "minute" || held * 100 >= limit;
}

/** The marks of the month's limit that are told, in percent. */
export const MARKS = [80, 100] as const;

export type Mark = (typeof MARKS)[number];

/** The marks that lie at or below what was granted. */
export function marksReached(limit: number, granted: number): Mark[] {
  return MARKS.filter((percent) => granted * 100 >= limit * percent);
}
