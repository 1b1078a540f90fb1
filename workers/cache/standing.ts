import { longestWaitingEvent } from "#db/events/relay";
import { longestDueNotice } from "#db/mail/pump";
import { countStories, type StoryCount } from "#db/stories/counts";
import { longestDue } from "#db/webhooks/pump";
import type { Env } from "#kernel/env";
import { databaseOf, shardsOf } from "#kernel/shards";
import { within } from "#kernel/within";
import type { Metric } from "#rules/cache/metrics";
import { standingMetrics, type Waiting } from "#rules/cache/standing";
import { madeAt } from "#rules/ids";
import { STORY_STATES } from "#rules/stories/states";

/** How much waits in the databases, and how their stories stand. */
export type Standing = { metrics: Metric[]; stories: StoryCount[] };

const READ_TIMEOUT_MS = 3_000;

/** Of what is over only a failure is still somebody's work. */
const COUNTED = STORY_STATES.filter((state) => state !== "ended");

/** Reads it from every shard's database. One that does not answer says so, and leaves out what only it knows. */
export async function readStanding(env: Env, now: Date): Promise<Standing> {
  const read = await Promise.all(
    shardsOf(env).map(async (shard) => {
      const work = standingIn(databaseOf(env, shard) as D1Database, now);
      return { shard, standing: await within(work, READ_TIMEOUT_MS).catch(() => null) };
    }),
  );
  const waiting = read.map(({ shard, standing }) => ({ shard, due: standing?.due ?? null }));
  return { metrics: standingMetrics(waiting, now), stories: summed(read.flatMap(({ standing }) => standing?.stories ?? [])) };
}

async function standingIn(d1: D1Database, now: Date): Promise<{ due: NonNullable<Waiting["due"]>; stories: StoryCount[] }> {
  const [event, deliveries, notices, stories] = await Promise.all([
    longestWaitingEvent(d1),
    longestDue(d1, now),
    longestDueNotice(d1, now),
    countStories(d1, COUNTED),
  ]);
  // an event says when it happened in the tenant's own time; its id was made in real time
  const events = (event !== undefined && madeAt(event)) || null;
  return { due: { events, deliveries, notices }, stories };
}

function summed(counts: readonly StoryCount[]): StoryCount[] {
  const sums = new Map<string, StoryCount>();
  for (const { kind, state, count } of counts) {
    const name = `${state}/${kind}`;
    sums.set(name, { kind, state, count: (sums.get(name)?.count ?? 0) + count });
  }
  return [...sums.values()];
}
