import { ASK_AFTER_MS, KNOWN_FOR_MS } from "#rules/hot/bounds";
import { Knowledge } from "#rules/hot/knowledge";
import type { Env } from "../env.ts";
import { feedOf } from "../feed.object.ts";
import { count } from "../tallies.ts";
import { within } from "../within.ts";

/** Where a request stands: what it may call, and what goes on behind its answer. */
export type Around = { env: Env; waitUntil: (work: Promise<unknown>) => void; realNow: Date };

/** How long an answer waits for the feed before it goes without. */
const FEED_TIMEOUT_MS = 400;
/** After the feed did not answer, or could not look itself, it is left alone for this long. */
const FEED_PAUSE_MS = 500;
/** Requests that came at almost the same time see each other's time; more than this is another clock. */
const CLOCK_SET_BACK_MS = 1_000;

/** What this isolate knows of the changes of one shard, and as of when. */
export class View {
  readonly knowledge = new Knowledge();
  readonly #shard: string;
  /** milliseconds of real time up to which everything is known; 0 = nothing was ever asked */
  #knownAt = 0;
  /** the same before the feed was asked last */
  #knownBefore = 0;
  #asking: Promise<void> | null = null;
  #askedAt = 0;
  #pauseUntil = 0;
  /** the feed did not answer, or cannot look itself: it is asked behind answers, and none waits for it, until it knows again */
  #isBlind = false;

  constructor(shard: string) {
    this.#shard = shard;
  }

  /**
   * How old the knowledge of something read at `readAt` is, in milliseconds. From `ASK_AFTER_MS` on the feed is asked behind the answer, so
   * that under traffic no answer ever waits for it.
   */
  age(readAt: number, around: Around): number {
    const now = around.realNow.getTime();
    // a clock that was set back must not make old knowledge young
    if (this.#knownAt > now + CLOCK_SET_BACK_MS) this.#knownAt = this.#knownBefore = 0;
    const age = now - Math.max(this.#knownAt, readAt);
    if (now - this.#knownAt > ASK_AFTER_MS && this.#mayAsk(now)) {
      count("hot_calls", "object/background");
      around.waitUntil(this.#ask(around));
    }
    return Math.max(0, age);
  }

  /** The same for what the feed's last answer made untrue: as of when it was still known to be so. */
  ageBefore(readAt: number, { realNow }: Around): number {
    return Math.max(0, realNow.getTime() - Math.max(this.#knownBefore, readAt));
  }

  /** Waits until the feed was asked, where what is known is too old; at most `FEED_TIMEOUT_MS`. Says whether it is young enough now. */
  async refreshed(readAt: number, around: Around): Promise<boolean> {
    if (this.age(readAt, around) < KNOWN_FOR_MS) return true;
    if (this.#isBlind) return false;
    count("hot_calls", "object/awaited");
    // the answer to another request's question is only ever waited for with a time-out: it may die with its request
    const asking = this.#asking ?? this.#ask(around);
    around.waitUntil(asking);
    await within(asking, FEED_TIMEOUT_MS).catch(() => undefined);
    return around.realNow.getTime() - Math.max(this.#knownAt, readAt) < KNOWN_FOR_MS;
  }

  /** A question that has no answer after all this time died with its request. */
  #mayAsk(now: number): boolean {
    return now >= this.#pauseUntil && (this.#asking === null || now - this.#askedAt > 4 * FEED_TIMEOUT_MS);
  }

  /** Asks the feed, once for all who want to know. Never throws: knowledge then stays as old as it is. */
  #ask(around: Around): Promise<void> {
    const now = around.realNow.getTime();
    this.#askedAt = now;
    const mine = this.#learn(around).finally(() => {
      if (this.#asking === mine) this.#asking = null;
    });
    this.#asking = mine;
    return mine;
  }

  async #learn({ env, realNow }: Around): Promise<void> {
    const { isOpen, position, drops } = this.knowledge;
    const startedAt = realNow.getTime();
    try {
      const told = await within(
        feedOf(env, this.#shard).since(this.#shard, isOpen ? position : null, drops),
        2 * FEED_TIMEOUT_MS,
      );
      this.knowledge.learn(told);
      this.#knownBefore = this.#knownAt;
      this.#knownAt = Math.max(this.#knownAt, startedAt - told.lookedMsAgo);
      this.#isBlind = told.lookedMsAgo >= KNOWN_FOR_MS;
      count("feed_polls", told.changes.length > 0 ? "changed" : "unchanged");
    } catch {
      this.#isBlind = true;
      count("feed_polls", "failed");
    }
    // from when the answer came: a feed that hangs takes longer to find out than the pause lasts
    if (this.#isBlind) this.#pauseUntil = Date.now() + FEED_PAUSE_MS;
  }
}
