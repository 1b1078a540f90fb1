import { and, eq } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { wakeups } from "./tables.ts";

/** What the stories of a sandbox wait for. A story waits for one instant at a time, so its id is the key. */
export function wakeupsOf({ d1, tenantId, realNow }: Asking) {
  const db = dbOf(d1);
  return {
    register: (workflowId: string, at: Date) =>
      db
        .insert(wakeups)
        .values({ tenantId, workflowId, at, createdAt: realNow })
        .onConflictDoUpdate({ target: [wakeups.tenantId, wakeups.workflowId], set: { at } }),

    done: (workflowId: string) =>
      db.delete(wakeups).where(and(eq(wakeups.tenantId, tenantId), eq(wakeups.workflowId, workflowId))),
  };
}
