import { listUsageAlerts } from "./usage.alerts.ts";
import { listUsageHistory } from "./usage.history.ts";
import { reportUsage } from "./usage.report.ts";
import { showUsageStats } from "./usage.stats.ts";

/** What was used of the quotas of licenses: told, added up, and watched. */
export const usage = [listUsageHistory, reportUsage, showUsageStats, listUsageAlerts];
