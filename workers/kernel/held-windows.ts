import { policyItem, policyName } from "#rules/limits/headers";
import { asksAhead, refusedUntil, restOf, STANDING_WINDOWS, standingAfter, standingLimit } from "#rules/limits/leasing";
import { UNLIMITED, type Window, windowAt, type WindowLimits } from "#rules/limits/windows";
import type { Lease, LeaseAsk } from "./quota.object.ts";

/** What an isolate holds of one window. */
export type HeldWindow = Window & {
  limit: number;
  /** Requests of the lease that are not used. */
  left: number;
  /** What the object had left when it answered last. */
  atObject: number;
  /** At or below this the lease is refilled in the background. */
  refillAt: number;
  used: number;
  /** What was used of the window before this one. */
  before: number;
  /** What is leased of each of the next windows at the least; 0 where nothing is: of small limits, and where a longer window limits too. */
  standing: number;
  /** Nothing is left at the object: it is not asked before this instant. */
  refusedUntil: number;
  /** Leases on windows after this one, in their order. */
  ahead: (Pick<Window, "startsAt" | "endsAt"> & Lease)[];
  /** A busy isolate has asked for the next one by its pace. */
  isNextAsked: boolean;
  /** The limit's name, and what `RateLimit-Policy` says of it: every answer tells both. Null where there is no limit to tell of. */
  told: { name: string; policy: string } | null;
};

export type Held = {
  object: string;
  policy: string;
  limits: WindowLimits;
  windows: HeldWindow[];
  usedAt: number;
  /** Requests since `since`, when the object was asked last. */
  used: number;
  since: number;
  waiting: number;
  asking: Promise<void> | null;
  /** The object did not answer: until this instant nobody waits for it. */
  blindUntil: number;
};

type Known = Pick<HeldWindow, "limit" | "before" | "standing">;

export function freshWindow(policy: string, window: Window, { limit, before, standing }: Known): HeldWindow {
  const name = policyName(policy, window.name);
  const told = limit < UNLIMITED ? { name, policy: policyItem(name, { ...window, limit }) } : null;
  return {
    ...window,
    limit,
    left: 0,
    atObject: limit,
    refillAt: 0,
    used: 0,
    before,
    standing,
    refusedUntil: 0,
    ahead: [],
    isNextAsked: false,
    told,
  };
}

/** A window that is over becomes the one that the instant lies in, with the lease that was taken ahead for it. */
export function moveOn(policy: string, window: HeldWindow, now: number): void {
  const { ahead, limit, standing, used, endsAt: after } = window;
  const { startsAt, endsAt } = windowAt(window.name, now);
  const before = startsAt === after ? used : 0;
  Object.assign(window, freshWindow(policy, { name: window.name, startsAt, endsAt }, { limit, before, standing }));
  const mine = ahead.find((lease) => lease.startsAt === startsAt);
  if (mine && mine.granted > 0) credit(window, mine, now);
  window.ahead = ahead.filter((lease) => lease.startsAt > startsAt);
}

/**
 * What is asked for together with a window: a little of each of the next ones, where that is little of them. It is asked for when half of them are
 * over, and when an isolate uses more of a window than it has of the next.
 */
export function standingAsks(window: HeldWindow): LeaseAsk[] {
  const { standing, limit, ahead } = window;
  if (standing === 0) return [];
  const wanted = standingAfter(standing, limit, Math.max(window.used, window.before));
  if (ahead.length >= STANDING_WINDOWS / 2 && (ahead[0]?.granted ?? 0) * 2 >= wanted) return [];
  const asks: LeaseAsk[] = [];
  let from = window.endsAt;
  for (let n = 0; n < STANDING_WINDOWS; n++) {
    const next = windowAt(window.name, from);
    const lacking = wanted - (ahead.find(({ startsAt }) => startsAt === from)?.granted ?? 0);
    if (lacking > 0) asks.push({ ...askFor(next, window, { waiting: 0, wanted: lacking }), limit: standingLimit(limit) });
    from = next.endsAt;
  }
  return asks;
}

/** Whether something is still leased for later: who is asked now and then is not forgotten between. */
export const stands = ({ windows }: Held, now: number): boolean =>
  windows.some(({ standing, ahead }) => standing > 0 && (ahead.at(-1)?.endsAt ?? 0) > now);

/** Whether what is held of a window that leases stand for will do until it ends. */
export const lasts = (window: HeldWindow, now: number): boolean =>
  window.standing > 0 && restOf(window.used, now, window) <= window.left;

/** Whether a busy isolate is to ask for the next window, of which it has not half a minute's need yet. */
export const isToAskAhead = ({ isNextAsked, used, ahead, endsAt }: HeldWindow, now: number): boolean =>
  !isNextAsked && asksAhead(used, now, endsAt) && (ahead[0]?.startsAt !== endsAt || ahead[0].granted * 2 < used);

/** Two leases on the same window add up. */
export function addAhead(window: HeldWindow, { startsAt, endsAt, limit }: LeaseAsk, lease: Lease): void {
  const known = window.ahead.find((each) => each.startsAt === startsAt);
  const { granted } = lease;
  // what stands is leased of a part of the limit
  const left = lease.left + window.limit - limit;
  if (known) Object.assign(known, { granted: known.granted + granted, left });
  else window.ahead = [...window.ahead, { startsAt, endsAt, granted, left }].toSorted((a, b) => a.startsAt - b.startsAt);
}

export function credit(window: HeldWindow, { granted, left }: Lease, now: number): void {
  window.left += granted;
  window.atObject = left;
  window.refillAt = left > 0 ? Math.floor(window.left / 2) : 0;
  // the last of a lease is still used up before anybody is refused
  if (left === 0) window.refusedUntil = refusedUntil(now, window.endsAt);
}

/** The window that refuses: used up here, and nothing is left at the object. Of several the one that lasts longest. */
export function refusing({ windows }: Held, now: number): HeldWindow | undefined {
  let found: HeldWindow | undefined;
  for (const window of windows) if (window.left === 0 && now < window.refusedUntil) found = window;
  return found;
}

export function isReady({ windows, blindUntil }: Held, now: number): boolean {
  if (now < blindUntil) return true;
  for (const { left } of windows) if (left === 0) return false;
  return true;
}

export function askFor(
  window: Window,
  { limit }: HeldWindow,
  { waiting, wanted }: { waiting: number; wanted: number },
): LeaseAsk {
  const { name, startsAt, endsAt } = window;
  return { name, startsAt, endsAt, limit, waiting, wanted };
}

export const sameLimits = (a: WindowLimits, b: WindowLimits) => a.minute === b.minute && a.hour === b.hour && a.month === b.month;
