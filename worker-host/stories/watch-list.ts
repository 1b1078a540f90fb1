import { createHash } from "node:crypto";
import type { StoryState as SeenState } from "#rules/stories/states";
import type { StoryState } from "#workflows/story";
import type { SeenStory } from "../edge/routes.ts";

/** A story that runs, or whose end was not told yet. */
export type Watched = {
  tenantId: string;
  workflowId: string;
  runId: string;
  /** When it is to be looked at, in milliseconds. */
  dueAt: number;
  addedAt: number;
  /** How it stood at the last look, and since when. */
  state: SeenState | null;
  since: Date;
  /** Since when something of it fails. */
  failingSince: Date | null;
  words: StoryState | null;
  summary: string;
  /** What the edge was told last, as a hash. */
  told: string;
};

/** When a story is looked at again, by how it stood. Trouble is looked at in every round. */
const AGAIN_MS: Record<SeenState, number> = { retrying: 0, stuck: 0, working: 4_000, waiting: 30_000, ended: 0, failed: 0 };
/** What has been at work for long goes on so. */
const SETTLED_MS = 60_000;
const AGAIN_SETTLED_MS = 15_000;
/** A wait may be cut short, which nobody tells. */
const LONGEST_MS = 600_000;
/** So many ends are remembered, so that a list that overlaps the one before tells none of them twice. */
const ENDS = 10_000;

/** The stories of a shard that are open, as far as the host knows, and when to look at each. A story takes some hundred bytes. */
export class WatchList {
  readonly #open = new Map<string, Watched>();
  readonly #ends = new Set<string>();

  get size(): number {
    return this.#open.size;
  }

  /** Watches a story, if it is not watched yet or another run of it was. */
  add({ tenantId, workflowId, runId }: { tenantId: string; workflowId: string; runId: string }): Watched {
    const known = this.#open.get(workflowId);
    if (known?.runId === runId) return known;
    const now = Date.now();
    const fresh = { dueAt: now, addedAt: now, state: null, since: new Date(now), failingSince: null, words: null, summary: "" };
    const watched: Watched = { tenantId, workflowId, runId, ...fresh, told: known?.told ?? "" };
    this.#open.set(workflowId, watched);
    return watched;
  }

  /** A run has ended: its story is looked at. Undefined where that is known already, or another run of it is watched. */
  ended(run: { tenantId: string; workflowId: string; runId: string }): Watched | undefined {
    if (this.#ends.has(run.runId)) return undefined;
    this.#ends.add(run.runId);
    if (this.#ends.size > ENDS) for (const oldest of [...this.#ends].slice(0, ENDS / 10)) this.#ends.delete(oldest);
    const watched = this.#open.get(run.workflowId) ?? this.add(run);
    watched.dueAt = 0;
    return watched.runId === run.runId ? watched : undefined;
  }

  /** Those that are not among all that ran at `atMs` have ended, or are too new to be listed: they are looked at. */
  onlyRunning(running: ReadonlySet<string>, atMs: number): void {
    for (const [workflowId, watched] of this.#open) if (watched.addedAt < atMs && !running.has(workflowId)) watched.dueAt = 0;
  }

  /** Looks at a story in the next round. */
  soon(workflowId: string): void {
    const watched = this.#open.get(workflowId);
    if (watched) watched.dueAt = 0;
  }

  /** Those that are due first, `limit` at most, and none of those. */
  due(limit: number, now: number, but: ReadonlySet<Watched>): Watched[] {
    const due = [...this.#open.values()].filter((watched) => watched.dueAt <= now && !but.has(watched));
    return due.toSorted((a, b) => a.dueAt - b.dueAt).slice(0, limit);
  }

  /** How a story stands was looked at: whether that is news to the edge. */
  noted(watched: Watched, { runId, told }: { runId: string; told: StoryState | null }, seen: SeenStory, now: Date): boolean {
    const isTroubled = seen.state === "retrying" || seen.state === "stuck";
    Object.assign(watched, {
      runId,
      failingSince: isTroubled ? (watched.failingSince ?? now) : null,
      state: seen.state,
      since: new Date(seen.since),
      words: told ?? watched.words,
      summary: seen.summary,
      dueAt: dueAgain(seen, now.getTime()),
    });
    return watched.told !== hashOf(seen);
  }

  /** The edge knows. What is over is watched no longer. */
  told(watched: Watched, seen: SeenStory): void {
    watched.told = hashOf(seen);
    if (seen.ended_at !== null) this.#open.delete(watched.workflowId);
  }
}

const hashOf = (seen: SeenStory) => createHash("sha256").update(JSON.stringify(seen)).digest("base64");

function dueAgain({ state, since, waits_until }: SeenStory, now: number): number {
  if (state === "working" && now - Date.parse(since) > SETTLED_MS) return now + AGAIN_SETTLED_MS;
  const until = waits_until === null ? Number.NaN : Date.parse(waits_until);
  if (state === "waiting" && until > now) return Math.min(until + 1_000, now + LONGEST_MS);
  return now + AGAIN_MS[state];
}
