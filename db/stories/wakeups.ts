import { and, asc, eq, gt } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { wakeups } from "./tables.ts";

/** What the stories of a sandbox wait for. A story waits for one instant at a time, so its id is the key. */
export function wakeupsOf({ d1, tenantId, realNow, now }: Asking) {
  const db = dbOf(d1);
  return {
    /** A story whose instant has come already goes on at once: the clock waits for it as for one that it has woken. */
    register: (workflowId: string, at: Date) => {
      const wokenAt = at <= now ? realNow : null;
      return db
        .insert(wakeups)
        .values({ tenantId, workflowId, at, wokenAt, createdAt: realNow })
        .onConflictDoUpdate({ target: [wakeups.tenantId, wakeups.workflowId], set: { at, wokenAt } });
    },

    done: (workflowId: string) =>
      db.delete(wakeups).where(and(eq(wakeups.tenantId, tenantId), eq(wakeups.workflowId, workflowId))),

    /** The stories that wait, those behind `after` in the order of their ids. */
    list: (after: string, limit: number) =>
      db
        .select({ workflowId: wakeups.workflowId })
        .from(wakeups)
        .where(and(eq(wakeups.tenantId, tenantId), gt(wakeups.workflowId, after)))
        .orderBy(asc(wakeups.workflowId))
        .limit(limit),
  };
}
