import { and, desc, eq, isNull } from "drizzle-orm";
import { FOUND_KEPT, SWEEP_AT_MOST_MS, SWEEP_LEASE_MS, type FoundStory } from "#rules/stories/lifecycle";
import { commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { PLATFORM } from "../tenant-id.ts";
import { lifecycleRuns } from "./tables.ts";

export type LifecycleRunRow = typeof lifecycleRuns.$inferSelect;

/** A sweep that a worker host has, until then: who tells of it names the instant, and loses it where another has taken over. */
export type ClaimedRun = { id: string; lease: number };

/** What a host has done of a sweep since it told last; `looked` is all of it. */
export type ToldOfRun = {
  shard: string;
  id: string;
  lease: number;
  state: "running" | "done" | "failed";
  looked: number;
  found: readonly FoundStory[];
  error: string | null;
};

/** The sweeps of all shards, as operators see them. They stand in the first shard's database, whichever they look through. */
export function lifecycleOf(asking: Omit<Asking, "tenantId">) {
  const { d1 } = asking;
  const db = dbOf(d1);
  return {
    byId: (id: string): Promise<LifecycleRunRow | undefined> =>
      db.select().from(lifecycleRuns).where(eq(lifecycleRuns.id, id)).get(),

    /** The sweep of a shard that waits or is under way. */
    open: (shard: string): Promise<LifecycleRunRow | undefined> =>
      db
        .select()
        .from(lifecycleRuns)
        .where(and(eq(lifecycleRuns.shard, shard), isNull(lifecycleRuns.endedAt)))
        .orderBy(desc(lifecycleRuns.id))
        .limit(1)
        .get(),

    /** Asks for a sweep; undefined where one of that shard is not over. */
    insert: (row: LifecycleRunRow, told: Told) =>
      commit({ ...asking, tenantId: PLATFORM }, [inserted(d1, row), guard(d1)], { ...told, facts: [] }),
  };
}

/** Adds a sweep where none of its shard is open. */
function inserted(d1: D1Database, row: Pick<LifecycleRunRow, "id" | "shard" | "createdAt">): D1PreparedStatement {
  return d1
    .prepare(
      `insert into lifecycle_runs (id, shard, state, looked, started, found, created_at)
       select ?1, ?2, 'waiting', 0, 0, '[]', ?3 where not exists (select 1 from lifecycle_runs where shard = ?2 and ended_at is null)`,
    )
    .bind(row.id, row.shard, row.createdAt.getTime());
}

/**
 * Takes the sweep of a shard that waits, or whose host is gone; where none has been made for an hour, one that is made now. Of several hosts that
 * claim at once one gets it. `id` is what a new one is called; ids behind `since` are of this hour.
 */
export async function claimRun(
  d1: D1Database,
  { shard, id, since, realNow }: { shard: string; id: string; since: string; realNow: Date },
): Promise<ClaimedRun | null> {
  const now = realNow.getTime();
  const [, , claimed] = await d1.batch<ClaimedRun>([
    d1
      .prepare(
        `update lifecycle_runs set state = 'failed', error = 'It did not come to its end within an hour.', lease_until = null, ended_at = ?2
         where shard = ?1 and ended_at is null and state = 'running' and lease_until <= ?2 and created_at <= ?2 - ${SWEEP_AT_MOST_MS}`,
      )
      .bind(shard, now),
    d1
      .prepare(
        `insert into lifecycle_runs (id, shard, state, looked, started, found, created_at)
         select ?1, ?2, 'waiting', 0, 0, '[]', ?4 where not exists (select 1 from lifecycle_runs where shard = ?2 and id > ?3)`,
      )
      .bind(id, shard, since, now),
    d1
      .prepare(
        `update lifecycle_runs set state = 'running', looked = 0, lease_until = ?2 + ${SWEEP_LEASE_MS}
         where id = (
           select id from lifecycle_runs where shard = ?1 and ended_at is null and coalesce(lease_until, 0) <= ?2 order by id limit 1)
         returning id, lease_until as lease`,
      )
      .bind(shard, now),
  ]);
  return claimed?.results[0] ?? null;
}

/** Notes how far a sweep has come, and lets its host have it for longer; null where it has it no more. */
export async function tellRun(d1: D1Database, told: ToldOfRun, realNow: Date): Promise<{ lease: number } | null> {
  const lease = told.state === "running" ? realNow.getTime() + SWEEP_LEASE_MS : null;
  const ended = told.state === "running" ? null : realNow.getTime();
  const row = await d1
    .prepare(
      `update lifecycle_runs set state = ?4, looked = ?5, started = started + json_array_length(?6), error = ?7, lease_until = ?8, ended_at = ?9,
         found = (select json_group_array(json(value)) from (
           select value from json_each(lifecycle_runs.found) union all select value from json_each(?6) limit ${FOUND_KEPT}))
       where id = ?1 and shard = ?2 and state = 'running' and lease_until = ?3
       returning id`,
    )
    .bind(told.id, told.shard, told.lease, told.state, told.looked, JSON.stringify(told.found), told.error, lease, ended)
    .first<{ id: string }>();
  return row ? { lease: lease ?? 0 } : null;
}
