import type { ReportPeriod } from "#rules/entitlements/reports";
import type { Asking } from "../commit.ts";
import { pageOf, type PageOf } from "../page.ts";
import { bindings, indexFor, within, type DaySpan, type UsageFilter } from "./usage-days.ts";

/** How much of a date names its period: `2026`, `2026-11`, `2026-11-28`. */
const NAMED_BY: Record<ReportPeriod, number> = { day: 10, month: 7, year: 4 };

/** What was used of a feature in one period by all licenses together. */
export type UsageSum = { period: string; featureId: string; used: number; licenses: number };

export type SumPlace = Pick<UsageSum, "period" | "featureId">;

/** What all licenses together used of a feature. */
export type FeatureUse = Omit<UsageSum, "period">;

/** What one license used of a feature. */
export type LicenseUse = { featureId: string; licenseId: string; used: number };

/** Days added up, over all licenses of the tenant or some. Every statement reads the days of its span, from an index alone. */
export function usageSumsOf({ d1, tenantId }: Asking) {
  return {
    /** Sums by period and feature, the newest period first, behind the place where the page before ended. Read from an index alone. */
    report: async (
      by: ReportPeriod,
      span: DaySpan,
      filter: UsageFilter,
      limit: number,
      after: SumPlace | null,
    ): Promise<PageOf<UsageSum>> => {
      const period = by === "day" ? "u.on_day" : `substr(u.on_day, 1, ${NAMED_BY[by]})`;
      // days of a period sort below its name with a tilde, so that the index begins where the page before ended
      const behind = `and u.on_day <= ?7 || '~' and (${period}, u.feature_id) < (?7, ?8)`;
      const { results } = await d1
        .prepare(
          `select ${period} as period, u.feature_id as featureId, ${USED} as used, count(distinct u.license_id) as licenses
           from usage_days u indexed by ${indexFor(filter)}
           where ${within(filter)} ${after === null ? "" : behind}
           group by ${period}, u.feature_id order by ${period} desc, u.feature_id desc limit ?6`,
        )
        .bind(...bindings(tenantId, span, filter), limit + 1, ...(after === null ? [] : [after.period, after.featureId]))
        .all<UsageSum>();
      return pageOf(results, { limit, before: null });
    },

    /** What was used of each feature in a span, the most widely used first, and how many licenses used any; at most `limit` features. */
    totals: async (span: DaySpan, filter: UsageFilter, limit: number): Promise<{ active: number; features: FeatureUse[] }> => {
      const from = `from usage_days u indexed by ${indexFor(filter)} where ${within(filter)}`;
      const [active, features] = await d1.batch([
        d1.prepare(`select count(distinct u.license_id) as n ${from}`).bind(...bindings(tenantId, span, filter)),
        d1
          .prepare(
            `select u.feature_id as featureId, ${USED} as used, count(distinct u.license_id) as licenses ${from}
             group by u.feature_id order by licenses desc, u.feature_id desc limit ?6`,
          )
          .bind(...bindings(tenantId, span, filter), limit),
      ]);
      return {
        active: (active?.results[0] as { n: number } | undefined)?.n ?? 0,
        features: (features?.results ?? []) as FeatureUse[],
      };
    },

    /** Of each of some features, the licenses that used most of it in a span: at most `limit` for each. */
    heaviest: async (span: DaySpan, featureIds: readonly string[], limit: number): Promise<LicenseUse[]> => {
      const { results } = await d1
        .prepare(
          `select featureId, licenseId, used from (
             select u.feature_id as featureId, u.license_id as licenseId, ${USED} as used,
               row_number() over (partition by u.feature_id order by ${USED} desc, u.license_id) as place
             from json_each(?4) wanted cross join usage_days u indexed by usage_days_feature
               on u.tenant_id = ?1 and u.feature_id = wanted.value and u.on_day >= ?2 and u.on_day <= ?3
             group by u.feature_id, u.license_id)
           where place <= ?5 order by featureId, place`,
        )
        .bind(tenantId, span.from, span.to, JSON.stringify(featureIds), limit)
        .all<LicenseUse>();
      return results;
    },
  };
}

/** A sum that never leaves what a number of the wire can hold: an integer sum would end the statement instead. */
const USED = `cast(max(min(total(u.used), ${Number.MAX_SAFE_INTEGER}), -${Number.MAX_SAFE_INTEGER}) as integer)`;
