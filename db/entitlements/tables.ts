import { foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { instant } from "../columns.ts";
import { licenses } from "../licensing/tables.ts";

/**
 * What was used of a feature of a license on one day of its tenant's calendar, as the license's meter last told. The meter tells whole sums
 * under a rising number, so that telling twice, or late, changes nothing.
 */
export const usageDays = sqliteTable(
  "usage_days",
  {
    tenantId: text().notNull(),
    licenseId: text().notNull(),
    featureId: text().notNull(),
    onDay: text().notNull(), // calendar date in the tenant's zone, YYYY-MM-DD
    feature: text().notNull(), // the feature's code when it was used
    used: integer().notNull(), // units that this day added; may be below zero where a level was set lower
    level: integer().notNull(), // what the counter of the period stood at when the day ended, or stands at now
    items: integer().notNull(), // how many ledger entries that took
    seq: integer().notNull(), // the meter's own number of this sum: a lower one is older
    updatedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.licenseId, t.featureId, t.onDay] }),
    foreignKey({ columns: [t.tenantId, t.licenseId], foreignColumns: [licenses.tenantId, licenses.id] }),
    index("usage_days_report").on(t.tenantId, t.onDay, t.featureId, t.licenseId, t.used),
    index("usage_days_feature").on(t.tenantId, t.featureId, t.onDay, t.licenseId, t.used),
    index("usage_days_license").on(t.tenantId, t.licenseId, t.onDay, t.featureId, t.used),
  ],
);

/** A quota that was used up to a mark, of a license or of the tenant itself: told once a period. */
export const usageAlerts = sqliteTable(
  "usage_alerts",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    subject: text().notNull(), // the license, or the tenant itself
    licenseId: text(), // null where it is a limit of the tenant's own tier
    featureId: text(), // of a license's quota
    feature: text().notNull(), // the feature's code, or the name of the tenant's limit
    periodStartsAt: instant().notNull(), // of a quota that never starts again: when 1970 began
    percent: integer().notNull(), // 80 or 100
    used: integer().notNull(), // when it was reached
    limitValue: integer().notNull(),
    at: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex("usage_alerts_once").on(t.tenantId, t.subject, t.feature, t.periodStartsAt, t.percent),
    index("usage_alerts_license").on(t.tenantId, t.licenseId, t.id),
    index("usage_alerts_period").on(t.tenantId, t.periodStartsAt, t.percent, t.licenseId),
  ],
);
