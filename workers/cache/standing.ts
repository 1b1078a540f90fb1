import { longestWaitingEvent } from "#db/events/relay";
import { longestDueNotice } from "#db/mail/pump";
import { countStories, type StoryCount } from "#db/stories/counts";
import { longestDue } from "#db/webhooks/pump";
import type { Env } from "#kernel/env";
import { databaseOf, shardsOf } from "#kernel/shards";
import { within } from "#kernel/within";
import type { Metric } from "#rules/cache/metrics";
import { madeAt } from "#rules/ids";
import { STORY_STATES } from "#rules/stories/states";

/** How much waits in a database, and how its stories stand. */
export type Standing = { metrics: Metric[]; stories: StoryCount[] };

const READ_TIMEOUT_MS = 3_000;

/** Of what is over only a failure is still somebody's work. */
const COUNTED = STORY_STATES.filter((state) => state !== "ended");

/** Reads it from every shard's database. One that does not answer says so, and leaves out what only it knows. */
export async function readStanding(env: Env, now: Date): Promise<Standing> {
  const shards = shardsOf(env);
  const read = await Promise.all(
    shards.map((shard) => within(standingIn(databaseOf(env, shard) as D1Database, now), READ_TIMEOUT_MS).catch(() => null)),
  );
  const known = read.filter((each) => each !== null);
  const samples = shards.map((shard, i) => ({ values: [shard], value: read[i] ? 1 : 0 }));
  const up: Metric = {
    type: "gauge",
    name: "database_up",
    help: "1 when a shard's database answered for this page within three seconds",
    labels: ["shard"],
    samples,
  };
  return { metrics: [up, dueAges(known, now)], stories: summed(known.flatMap(({ stories }) => stories)) };
}

type Known = { due: Record<"events" | "deliveries" | "notices", Date | null>; stories: StoryCount[] };

async function standingIn(d1: D1Database, now: Date): Promise<Known> {
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

function dueAges(known: readonly Known[], now: Date): Metric {
  const samples = (["events", "deliveries", "notices"] as const).flatMap((queue) => {
    const ages = known.map(({ due }) => (due[queue] ? Math.max(0, now.getTime() - due[queue].getTime()) / 1000 : 0));
    return ages.length === 0 ? [] : [{ values: [queue], value: Math.max(...ages) }];
  });
  const help = "For how long the first of a queue has waited that nobody has taken; 0 when none is due";
  return { type: "gauge", name: "due_age_seconds", help, labels: ["queue"], samples };
}

function summed(counts: readonly StoryCount[]): StoryCount[] {
  const sums = new Map<string, StoryCount>();
  for (const { kind, state, count } of counts) {
    const name = `${state}/${kind}`;
    sums.set(name, { kind, state, count: (sums.get(name)?.count ?? 0) + count });
  }
  return [...sums.values()];
}
