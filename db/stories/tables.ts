import { sql } from "drizzle-orm";
import { index, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { TestClockStatus } from "#rules/stories/clocks";
import { instant, owned } from "../columns.ts";

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
  (t) => [primaryKey({ columns: [t.tenantId, t.id] }), uniqueIndex("test_clocks_one").on(t.tenantId)],
);
