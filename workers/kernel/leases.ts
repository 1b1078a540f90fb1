import { secondsUntil } from "#rules/limits/headers";
import { isWorthReturning, leastWanted, restOf, standingOf, wantedAfter } from "#rules/limits/leasing";
import { windowAt, type WindowLimits, WINDOWS } from "#rules/limits/windows";
import type { Env } from "./env.ts";
import {
  addAhead,
  askFor,
  credit,
  freshWindow,
  type Held,
  type HeldWindow,
  isReady,
  isToAskAhead,
  lasts,
  moveOn,
  refusing,
  sameLimits,
  standingAsks,
  stands,
} from "./held-windows.ts";
import { type Permit, Taken } from "./permits.ts";
import { type LeaseAsk, quotaOf, type Unused } from "./quota.object.ts";
import { within } from "./within.ts";

/** Who is counted: the name of its Quota object (it begins with the tenant's id), what the headers call the limits, and the limits. */
export type Subject = { object: string; policy: string; limits: WindowLimits };

/** The request that asks: real time counts, whatever the tenant's test clock says. */
export type LeaseContext = { env: Env; realNow: Date; waitUntil: (work: Promise<unknown>) => void };

/** Hears of requests that were refused, and of those let through uncounted because an object did not answer. */
export type Watch = { refused: (policy: string) => void; blind: (policy: string) => void };

/**
 * How long a request waits for an object: a busy one that answers at last keeps the limit exact. Where several in a row were late, the objects are
 * away rather than busy, and nobody waits long until one answers again.
 */
const PATIENCE_MS = 1_500;
const LITTLE_PATIENCE_MS = 100;
const LATE_IN_A_ROW = 3;
/** While no object answers at all, a subject waits for its own once in this long: a warm answer must not wait for the dead. */
const LONG_BLIND_MS = 10_000;
/** After an object was late nobody waits for it for this long. */
const BLIND_MS = 1_000;
const STUCK_MS = 5_000;
/** How many leases a request waits for that others use up before it comes to its turn. */
const MOST_ROUNDS = 100;
/** How many subjects an isolate keeps in mind; the one that was not used for longest goes first, give or take a few. */
const MOST_SUBJECTS = 20_000;
/** What was not used for this long is given back and forgotten. */
const IDLE_MS = 30_000;
const TENDED_EVERY_MS = 5_000;
const TENDED_AT_ONCE = 200;

/**
 * The leases of one isolate. A request takes its permit here without a promise while they suffice; the object is asked by the first request of
 * a window, by one that finds the lease used up, and in the background when half of it is. An object that does not answer refuses nobody.
 */
export class Leases {
  readonly #subjects = new Map<string, Held>();
  readonly #watch: Watch;
  readonly #patienceMs: number;
  readonly #most: number;
  #lateInARow = 0;
  #tendAt = 0;
  #hand: Iterator<Held> | null = null;

  constructor(watch: Watch, { patienceMs = PATIENCE_MS, mostSubjects = MOST_SUBJECTS } = {}) {
    this.#watch = watch;
    this.#patienceMs = patienceMs;
    this.#most = mostSubjects;
  }

  get #waitsMs(): number {
    return this.#lateInARow < LATE_IN_A_ROW ? this.#patienceMs : Math.min(this.#patienceMs, LITTLE_PATIENCE_MS);
  }

  get #blindMs(): number {
    return this.#lateInARow < LATE_IN_A_ROW ? BLIND_MS : LONG_BLIND_MS;
  }

  /** How many subjects this isolate has in mind. */
  get size(): number {
    return this.#subjects.size;
  }

  /** One request of each subject, or of none: what one of them refuses costs the others nothing. */
  take(at: LeaseContext, subjects: readonly Subject[]): Permit | Promise<Permit> {
    const now = at.realNow.getTime();
    if (now >= this.#tendAt) this.#tend(at, now);
    return this.#decided(at, this.#heldOf(at, subjects, now), now) ?? this.#afterAsking(at, subjects, now);
  }

  /** Whether a subject is known to have nothing left: asks nobody, takes nothing. */
  isSpent({ object }: Pick<Subject, "object">, realNow: Date): boolean {
    const held = this.#subjects.get(object);
    return held !== undefined && refusing(held, realNow.getTime()) !== undefined;
  }

  #heldOf(at: LeaseContext, subjects: readonly Subject[], now: number): Held[] {
    const all: Held[] = [];
    for (const subject of subjects) {
      let held = this.#subjects.get(subject.object);
      if (held === undefined || !sameLimits(held.limits, subject.limits)) held = this.#begin(at, subject, held, now);
      for (const window of held.windows) if (now >= window.endsAt) moveOn(held.policy, window, now);
      // objects answer again: nobody stays blind for longer than for one that was late alone
      if (this.#lateInARow < LATE_IN_A_ROW && held.blindUntil - now > BLIND_MS) held.blindUntil = 0;
      held.usedAt = now;
      all.push(held);
    }
    return all;
  }

  #decided(at: LeaseContext, all: readonly Held[], now: number): Permit | undefined {
    let ready = true;
    for (const held of all) {
      const window = refusing(held, now);
      if (window) return this.#refuse(all, held, window, now);
      ready &&= isReady(held, now);
    }
    if (!ready) return undefined;
    for (const held of all) this.#use(at, held, now);
    return new Taken(all, now, null);
  }

  #refuse(all: readonly Held[], { policy }: Held, { name, limit, endsAt }: HeldWindow, now: number): Permit {
    this.#watch.refused(policy);
    return new Taken(all, now, { policy, window: name, limit, endsAt, retryAfterS: secondsUntil(endsAt, now) });
  }

  #use(at: LeaseContext, held: Held, now: number): void {
    let [blind, low, ahead] = [false, false, false];
    let runsOut = false;
    for (const window of held.windows) {
      window.used++;
      if (window.left > 0) window.left--;
      else blind = true;
      low ||= window.left > 0 && window.left <= window.refillAt && !lasts(window, now);
      ahead ||= isToAskAhead(window, now);
      runsOut ||= window.standing > 0 && window.ahead.length < 2;
    }
    held.used++;
    if (blind) this.#watch.blind(held.policy);
    if (low && held.asking === null && now >= held.blindUntil) void this.#ask(at, held, now);
    if (ahead) this.#askAhead(at, held, now);
    if (runsOut && held.asking === null && now >= held.blindUntil) void this.#ask(at, held, now);
  }

  /** Waits for the objects whose leases do not suffice: until each has some, refuses, or does not answer in time. */
  async #afterAsking(at: LeaseContext, subjects: readonly Subject[], now: number): Promise<Permit> {
    for (let round = 1; ; round++) {
      const all = this.#heldOf(at, subjects, now);
      // whoever was passed by so often that nobody can say why is let through
      if (round > MOST_ROUNDS) for (const held of all) held.blindUntil = Math.max(held.blindUntil, now + 1);
      const decided = this.#decided(at, all, now);
      if (decided) return decided;
      const lacking = all.filter((held) => !isReady(held, now));
      for (const held of lacking) held.waiting++;
      const asked = Promise.all(lacking.map((held) => this.#ask(at, held, now)));
      // the call may belong to another request, which the platform may end: so each waits with a clock of its own
      const inTime = await within(asked, this.#waitsMs).catch(() => false);
      for (const held of lacking) {
        held.waiting--;
        if (inTime === false) held.blindUntil = Math.max(held.blindUntil, now + this.#blindMs);
      }
    }
  }

  /** Asks for leases on every window of a subject, one call at a time. Never throws: what fails makes the subject blind for a while. */
  #ask(at: LeaseContext, held: Held, now: number): Promise<void> {
    // a call whose request was ended by the platform never settles, so it is not waited for forever
    if (held.asking && now - held.since < STUCK_MS) return held.asking;
    const byPace = wantedAfter(held.used, now - held.since);
    const asks = held.windows
      .filter((window) => now >= window.refusedUntil)
      .flatMap((window) => {
        // no more than four times of what was used: a burst as a minute begins says little of the rest of it
        const least = window.standing > 0 ? Math.min(window.used * 4, restOf(window.used, now, window)) : 0;
        const wanted = Math.max(byPace, least, leastWanted(window.name, window.limit)) - window.left;
        return [askFor(window, window, { waiting: Math.max(0, held.waiting - window.left), wanted }), ...standingAsks(window)];
      });
    held.used = 0;
    held.since = now;
    const call = this.#lease(at, held, asks, now);
    const asking = within(call, this.#waitsMs)
      .catch(() => {
        this.#lateInARow++;
        held.blindUntil = now + this.#blindMs;
      })
      .finally(() => {
        if (held.asking === asking) held.asking = null;
      });
    held.asking = asking;
    at.waitUntil(Promise.allSettled([asking, call]));
    return asking;
  }

  /** Asks for the windows that are about to begin, so that their first request need not wait. */
  #askAhead(at: LeaseContext, held: Held, now: number): void {
    const asks: LeaseAsk[] = [];
    for (const window of held.windows) {
      if (!isToAskAhead(window, now)) continue;
      window.isNextAsked = true;
      const wanted = wantedAfter(window.used, now - window.startsAt);
      asks.push(askFor(windowAt(window.name, window.endsAt), window, { waiting: 0, wanted }));
    }
    at.waitUntil(within(this.#lease(at, held, asks, now), this.#waitsMs).catch(() => undefined));
  }

  /** The call itself. An answer that comes after nobody waits any more counts all the same. */
  async #lease(at: LeaseContext, held: Held, asks: readonly LeaseAsk[], now: number): Promise<void> {
    const ask = async () => quotaOf(at.env, held.object).lease(asks);
    // an object that moved or was ended a moment ago answers the second time; a lease that was written and not heard of is lost to the tenant alone
    const leases = await ask().catch(ask);
    const isForgotten = this.#subjects.get(held.object) !== held;
    const unused: Unused[] = [];
    asks.forEach((ask, index) => {
      const lease = leases[index];
      const window = held.windows.find(({ name }) => name === ask.name);
      if (!lease || !window) return;
      if (!isForgotten && window.startsAt === ask.startsAt) credit(window, lease, now);
      else if (!isForgotten && window.endsAt <= ask.startsAt) addAhead(window, ask, lease);
      else if (lease.granted > 0) unused.push({ name: ask.name, startsAt: ask.startsAt, requests: lease.granted });
    });
    held.blindUntil = 0;
    this.#lateInARow = 0;
    if (unused.length > 0) await quotaOf(at.env, held.object).giveBack(unused);
  }

  #begin(at: LeaseContext, { object, policy, limits }: Subject, before: Held | undefined, now: number): Held {
    // leased under another limit, it may be all that the new one has
    if (before) this.#forget(at, before, now, () => true);
    else if (this.#subjects.size >= this.#most) this.#makeRoom(at, now);
    const windows = WINDOWS.flatMap((name) => {
      const limit = limits[name];
      return limit === undefined ? [] : [freshWindow(policy, windowAt(name, now), { limit, before: 0, standing: 0 })];
    });
    // where an hour or a month limits too, what is held of those is to come back soon, and nothing is kept beyond
    const [only] = windows;
    if (only && windows.length === 1) only.standing = standingOf(only.name, only.limit);
    const held: Held = {
      object,
      policy,
      limits: { ...limits },
      windows,
      usedAt: now,
      used: 0,
      since: now,
      waiting: 0,
      asking: null,
      blindUntil: 0,
    };
    this.#subjects.set(object, held);
    return held;
  }

  /** Of the oldest subjects the first that is idle goes; where all of some are busy, the very oldest. */
  #makeRoom(at: LeaseContext, now: number): void {
    let oldest: Held | undefined;
    let looked = 0;
    for (const held of this.#subjects.values()) {
      oldest ??= held;
      if (now - held.usedAt >= IDLE_MS) return this.#forget(at, held, now);
      if (++looked >= 8) break;
    }
    if (oldest) this.#forget(at, oldest, now);
  }

  /** Goes on round the subjects, a few at a time, and gives back what idle ones hold. */
  #tend(at: LeaseContext, now: number): void {
    this.#tendAt = now + TENDED_EVERY_MS;
    for (let looked = 0; looked < TENDED_AT_ONCE; looked++) {
      this.#hand ??= this.#subjects.values();
      const { value: held, done } = this.#hand.next();
      if (done) {
        this.#hand = null;
        return;
      }
      if (now - held.usedAt >= IDLE_MS && held.asking === null && !stands(held, now)) this.#forget(at, held, now);
    }
  }

  /** Forgets a subject. What it held goes back to the object where it is worth a call; the object hears of it only after it is forgotten here. */
  #forget(at: LeaseContext, held: Held, now: number, isWorth = isWorthReturning): void {
    this.#subjects.delete(held.object);
    const unused = held.windows
      .flatMap(({ name, limit, startsAt, endsAt, left, ahead }) =>
        [{ startsAt, endsAt, requests: left }, ...ahead.map(({ granted, ...window }) => ({ ...window, requests: granted }))].map(
          (each) => ({ ...each, name, limit }),
        ),
      )
      .filter(({ name, requests, limit, endsAt }) => requests > 0 && now < endsAt && isWorth(name, requests, limit))
      .map(({ name, startsAt, requests }) => ({ name, startsAt, requests }));
    for (const window of held.windows) window.left = 0;
    if (unused.length > 0)
      at.waitUntil(
        quotaOf(at.env, held.object)
          .giveBack(unused)
          .catch(() => undefined),
      );
  }
}
