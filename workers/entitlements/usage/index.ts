import { listUsageAlerts } from "./usage.alerts.ts";
import { showCurrentUsage } from "./usage.current.ts";
import { listUsageHistory } from "./usage.history.ts";
import { showTenantLimits } from "./usage.limits.ts";
import { reportUsage } from "./usage.report.ts";
import { showUsageStats } from "./usage.stats.ts";
import { trackUsage } from "./usage.track.ts";

/** What was used of the quotas of licenses: told, added up, and watched. */
export const usage = [
  trackUsage,
  showCurrentUsage,
  listUsageHistory,
  reportUsage,
  showUsageStats,
  showTenantLimits,
  listUsageAlerts,
];
