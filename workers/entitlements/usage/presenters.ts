import type { UsageAlertRow } from "#db/entitlements/usage-alerts";
import type { UsageDayRow } from "#db/entitlements/usage-days";
import type { z } from "#kernel/wire";
import type { UsageAlert, UsageDay } from "./schemas.ts";

/** What a license used of a feature on one day, as it is shown. */
export const presentUsageDay = (row: UsageDayRow): z.infer<typeof UsageDay> => ({
  object: "usage_day",
  license_id: row.licenseId,
  feature: row.feature,
  feature_id: row.featureId,
  used_on: row.onDay,
  used: row.used,
  level: row.level,
  entries: row.items,
  updated_at: row.updatedAt.toISOString(),
});

/** A mark that a quota reached, as it is shown. */
export const presentUsageAlert = (row: UsageAlertRow): z.infer<typeof UsageAlert> => ({
  object: "usage_alert",
  id: row.id,
  license_id: row.licenseId,
  feature: row.feature,
  feature_id: row.featureId,
  percent: row.percent,
  used: row.used,
  limit_value: row.limitValue,
  period_starts_at: row.periodStartsAt.getTime() === 0 ? null : row.periodStartsAt.toISOString(),
  created_at: row.at.toISOString(),
});
