import type { Asking } from "../commit.ts";
import { usageDays } from "./tables.ts";
import { pageOf, type PageOf } from "../page.ts";

export type UsageDayRow = typeof usageDays.$inferSelect;

/** What a license's meter tells of one feature on one day. */
export type DaySum = Pick<UsageDayRow, "featureId" | "onDay" | "feature" | "used" | "level" | "items" | "seq">;

/** Which days are wanted, both ends included; as dates of the tenant's calendar, `YYYY-MM-DD`. */
export type DaySpan = { from: string; to: string };

export type UsageFilter = { licenseId?: string | undefined; featureId?: string | undefined };

/** Where a page of days ended: they are ordered by day, feature and license, the newest first. */
export type DayPlace = Pick<UsageDayRow, "onDay" | "featureId" | "licenseId">;

/** What was used day by day, as the meters of the licenses told. */
export function usageDaysOf({ d1, tenantId, now }: Asking) {
  return {
    /** Writes sums as a meter tells them. What is newer stays: a sum that comes late, or twice, changes nothing. */
    write: async (licenseId: string, sums: readonly DaySum[]): Promise<void> => {
      if (sums.length === 0) return;
      await d1
        .prepare(
          `insert into usage_days (tenant_id, license_id, feature_id, on_day, feature, used, level, items, seq, updated_at)
           select ?1, ?2, value ->> 'featureId', value ->> 'onDay', value ->> 'feature', value ->> 'used', value ->> 'level',
             value ->> 'items', value ->> 'seq', ?4
           from json_each(?3) where true
           on conflict (tenant_id, license_id, feature_id, on_day) do update set feature = excluded.feature, used = excluded.used,
             level = excluded.level, items = excluded.items, seq = excluded.seq, updated_at = excluded.updated_at
           where excluded.seq > usage_days.seq`,
        )
        .bind(tenantId, licenseId, JSON.stringify(sums), now.getTime())
        .run();
    },

    /** The days of a license, a feature, both or all, newest first, behind the place where the page before ended. */
    list: async (span: DaySpan, filter: UsageFilter, limit: number, after: DayPlace | null): Promise<PageOf<UsageDayRow>> => {
      const { results } = await d1
        .prepare(
          `select ${COLUMNS} from usage_days u indexed by ${indexFor(filter)}
           where ${within(filter)} ${after === null ? "" : "and (u.on_day, u.feature_id, u.license_id) < (?7, ?8, ?9)"}
           order by u.on_day desc, u.feature_id desc, u.license_id desc limit ?6`,
        )
        .bind(
          ...bindings(tenantId, span, filter),
          limit + 1,
          ...(after === null ? [] : [after.onDay, after.featureId, after.licenseId]),
        )
        .all<UsageDayRow & { updatedAt: number }>();
      const rows = results.map((row) => ({ ...row, updatedAt: new Date(row.updatedAt) }));
      return pageOf(rows, { limit, before: null });
    },
  };
}

const COLUMNS = `u.tenant_id as tenantId, u.license_id as licenseId, u.feature_id as featureId, u.on_day as onDay, u.feature, u.used, u.level,
  u.items, u.seq, u.updated_at as updatedAt`;

/** The index that begins with what is asked for and goes on by day; each of them holds all that sums need. */
export function indexFor({ licenseId, featureId }: UsageFilter): string {
  if (licenseId !== undefined) return "usage_days_license";
  return featureId === undefined ? "usage_days_report" : "usage_days_feature";
}

/** The condition on the rows of a span, by the parameters of `bindings`. */
export const within = ({ licenseId, featureId }: UsageFilter) =>
  `u.tenant_id = ?1 and u.on_day >= ?2 and u.on_day <= ?3
   ${licenseId === undefined ? "and ?4 is null" : "and u.license_id = ?4"}
   ${featureId === undefined ? "and ?5 is null" : "and u.feature_id = ?5"}`;

/** The first five parameters of a statement on the rows of a span. */
export const bindings = (tenantId: string, { from, to }: DaySpan, { licenseId, featureId }: UsageFilter) =>
  [tenantId, from, to, licenseId ?? null, featureId ?? null] as const;
