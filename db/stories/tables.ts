import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { TestClockStatus } from "#rules/stories/clocks";
import type { FoundStory, LifecycleState } from "#rules/stories/lifecycle";
import type { StoryCommand, StoryState } from "#rules/stories/states";
import { instant, json, owned } from "../columns.ts";

/** A story as the worker host saw it last; the truth is Temporal's. Pumps are the tenant `platform`'s, which is no tenant. */
export const stories = sqliteTable(
  "stories",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    workflowId: text().notNull(),
    runId: text().notNull(),
    kind: text().notNull(),
    subjectId: text().notNull(), // what the story is about
    shard: text().notNull(), // whose worker host tells of it
    state: text().$type<StoryState>().notNull(),
    outcome: text(), // of one that is over: its own last word
    summary: text().notNull(),
    details: text().notNull(), // what it does now, in a sentence of its own
    waitsFor: text(), // null: for nothing
    waitsUntil: instant(),
    attempt: integer().notNull(), // of what is tried again; 0: nothing is
    errorCode: text(),
    error: text(),
    since: instant().notNull(), // real time: in this state since
    startedAt: instant().notNull(),
    endedAt: instant(),
    seenAt: instant().notNull(),
    command: text().$type<StoryCommand>(), // the last that somebody asked of it
    commandReason: text(),
    commandedAt: instant(),
    commandOutcome: text().$type<"done" | "refused">(), // null: on its way
    commandDetail: text(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    // the tenant last: operators look at those of everybody
    uniqueIndex("stories_id").on(t.id),
    uniqueIndex("stories_workflow").on(t.workflowId, t.tenantId),
    index("stories_subject").on(t.subjectId, t.tenantId, t.id),
    index("stories_state").on(t.tenantId, t.state, t.id),
    index("stories_state_anywhere").on(t.state, t.id),
    index("stories_open")
      .on(t.id)
      .where(sql`${t.endedAt} is null`),
    index("stories_commanded")
      .on(t.shard)
      .where(sql`${t.command} is not null and ${t.commandOutcome} is null`),
    index("stories_age")
      .on(t.endedAt)
      .where(sql`${t.endedAt} is not null`),
  ],
);

/** A sweep for due work that no story carries. */
export const lifecycleRuns = sqliteTable(
  "lifecycle_runs",
  {
    id: text().primaryKey(),
    shard: text().notNull(),
    state: text().$type<LifecycleState>().notNull(),
    looked: integer().notNull(), // rows that were due
    started: integer().notNull(), // stories that were missing
    found: json<FoundStory[]>().notNull(), // the first of those
    error: text(),
    leaseUntil: instant(),
    createdAt: instant().notNull(),
    endedAt: instant(),
  },
  (t) => [
    index("lifecycle_runs_open")
      .on(t.shard, t.id)
      .where(sql`${t.endedAt} is null`),
    index("lifecycle_runs_age")
      .on(t.endedAt)
      .where(sql`${t.endedAt} is not null`),
  ],
);

/** What a story of a sandbox waits for: its clock is moved by hand, so no timer can ring for it. */
export const wakeups = sqliteTable(
  "wakeups",
  {
    tenantId: text().notNull(),
    workflowId: text().notNull(),
    at: instant().notNull(), // business time of the sandbox
    wokenAt: instant(), // real time: its instant has come, and the story has not told what it waits for next
    createdAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.workflowId] }),
    index("wakeups_due").on(t.tenantId, t.at, t.workflowId),
    index("wakeups_woken")
      .on(t.tenantId, t.at, t.workflowId)
      .where(sql`${t.wokenAt} is not null`),
  ],
);

/** A sandbox's clock that is moved by hand. While there is one, the sandbox's time stands still (`tenants.clock_frozen_at`). */
export const testClocks = sqliteTable(
  "test_clocks",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    status: text().$type<TestClockStatus>().notNull(),
    target: instant(), // where it is being moved to
    waitsFor: text(), // the story that must have gone on before the clock may; null while it waits: events that are on their way to their stories
    waitsSince: instant(), // real time; null: it waits for nothing
    error: text(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex("test_clocks_one").on(t.tenantId),
    index("test_clocks_advancing")
      .on(t.tenantId, t.id)
      .where(sql`${t.status} = 'advancing'`),
  ],
);
