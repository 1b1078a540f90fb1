import { and, desc, eq, or } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { usageAlerts } from "./tables.ts";

export type UsageAlertRow = typeof usageAlerts.$inferSelect;

/** `feature`: its id or code, or the name of a limit of the tenant's own. */
type AlertFilter = { licenseId?: string | undefined; feature?: string | undefined; percent?: number | undefined };

/** How many licenses reached a mark in a period that began at one of some instants. */
export type MarkCount = { percent: number; licenses: number };

/** Quotas that were used up to a mark: one row for each mark and period, however often it is reached. */
export function usageAlertsOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);

  return {
    /** Notes that a mark was reached, and tells of it in the same batch; false when that was done before in this period. */
    raise: async (row: UsageAlertRow, told: Told): Promise<boolean> => {
      const insert = bound(d1, db.insert(usageAlerts).values(row).onConflictDoNothing());
      return (await commit(asking, [insert, guard(d1)], told)) !== undefined;
    },

    list: async (page: Page, { licenseId, feature, percent }: AlertFilter) =>
      pageOf(
        await db
          .select()
          .from(usageAlerts)
          .where(
            and(
              eq(usageAlerts.tenantId, tenantId),
              licenseId === undefined ? undefined : eq(usageAlerts.licenseId, licenseId),
              feature === undefined ? undefined : or(eq(usageAlerts.feature, feature), eq(usageAlerts.featureId, feature)),
              percent === undefined ? undefined : eq(usageAlerts.percent, percent),
              olderThan(usageAlerts.id, page),
            ),
          )
          .orderBy(desc(usageAlerts.id))
          .limit(page.limit + 1),
        page,
      ),

    /** Counts the licenses that reached each mark in a period that began at one of `starts`; read from the index alone. */
    marksReached: async (starts: readonly Date[], featureId: string | undefined): Promise<MarkCount[]> => {
      const { results } = await d1
        .prepare(
          `select a.percent, count(distinct a.license_id) as licenses from usage_alerts a indexed by usage_alerts_period
           where a.tenant_id = ?1 and a.period_starts_at in (select value from json_each(?2)) and a.license_id is not null
             ${featureId === undefined ? "and ?3 is null" : "and a.feature_id = ?3"}
           group by a.percent order by a.percent`,
        )
        .bind(tenantId, JSON.stringify(starts.map((at) => at.getTime())), featureId ?? null)
        .all<MarkCount>();
      return results;
    },
  };
}
