import { and, asc, eq, gt } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { wakeups } from "./tables.ts";

/** What the stories of a sandbox wait for. A story waits for one instant at a time, so its id is the key. */
export function wakeupsOf({ d1, tenantId, realNow, now }: Asking) {
  const db = dbOf(d1);
  return {
    /**
     * Whether its instant has come already: then the story goes on at once, and a clock waits for it as for one that it has woken. A registration
     * that is repeated while time stands still changes nothing: the clock wakes the story when it is its turn.
     */
    register: async (workflowId: string, at: Date, standsStill: boolean): Promise<{ due: boolean }> => {
      const row = await d1
        .prepare(
          `insert into wakeups (tenant_id, workflow_id, at, woken_at, created_at) values (?1, ?2, ?3, ?4, ?5)
           on conflict (tenant_id, workflow_id) do update set at = excluded.at,
             woken_at = case when wakeups.at = excluded.at and ?6 then wakeups.woken_at else excluded.woken_at end
           returning woken_at`,
        )
        .bind(tenantId, workflowId, at.getTime(), at <= now ? realNow.getTime() : null, realNow.getTime(), standsStill ? 1 : 0)
        .first<{ woken_at: number | null }>();
      return { due: row !== null && row.woken_at !== null };
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
