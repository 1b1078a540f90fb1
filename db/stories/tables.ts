import { index, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { instant } from "../columns.ts";

/** What a story of a sandbox waits for: its clock is moved by hand, so no timer can ring for it. */
export const wakeups = sqliteTable(
  "wakeups",
  {
    tenantId: text().notNull(),
    workflowId: text().notNull(),
    at: instant().notNull(), // business time of the sandbox
    createdAt: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.workflowId] }), index("wakeups_due").on(t.tenantId, t.at)],
);
