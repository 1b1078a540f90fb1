import { askedByItself, openTenant } from "#kernel/asking";
import { realNow } from "#kernel/clock";
import type { Env } from "#kernel/env";
import type { EventObject } from "#kernel/event-objects";
import { newId } from "#kernel/ids";
import type { Repo } from "#db/repo";
import type { Books, Mark } from "./books.ts";

/** How much is told in one round of the alarm. */
const MARKS_AT_ONCE = 20;
const DAYS_AT_ONCE = 200;

/**
 * Tells the database what a meter has counted: thresholds first, then the sums of days. What it was told is noted only when it has it, so
 * that nothing is lost; and all of it may be told twice. Returns whether it has heard everything that there was to tell in this round.
 */
export async function tell(
  env: Env,
  executionCtx: { waitUntil(work: Promise<unknown>): void },
  { tenantId, licenseId }: { tenantId: string; licenseId: string },
  books: Books,
): Promise<boolean> {
  const [marks, days] = [books.untoldMarks(MARKS_AT_ONCE), books.untoldDays(DAYS_AT_ONCE)];
  if (marks.length + days.length === 0) return true;
  const opened = await openTenant(askedByItself(env, executionCtx, "meter"), tenantId, { type: "system", id: null, ip: null });
  for (const mark of marks) {
    // nobody is left to hear of the quotas of a tenant that is closed
    if (opened) await tellMark(opened.repo, licenseId, mark);
    books.markTold(mark);
  }
  if (opened && days.length > 0) await opened.repo.usageDays.write(licenseId, days);
  books.daysTold(days);
  return true;
}

async function tellMark(repo: Repo, licenseId: string, mark: Mark): Promise<void> {
  const { featureId, feature, percent, used, limit, periodStartsAt, resetsAt, reachedAt } = mark;
  const object: EventObject<"QuotaThreshold"> = {
    object: "quota",
    license_id: licenseId,
    feature,
    feature_id: featureId,
    percent,
    used,
    limit_value: limit,
    period_starts_at: periodStartsAt.toISOString(),
    resets_at: resetsAt?.toISOString() ?? null,
  };
  const [id, at] = [newId("usage_alert", repo.shard, realNow()), reachedAt];
  const alert = {
    tenantId: repo.tenantId,
    id,
    subject: licenseId,
    licenseId,
    featureId,
    feature,
    periodStartsAt,
    percent,
    used,
    limitValue: limit,
    at,
  };
  const fact = {
    type: "quota.threshold_reached",
    subject: { type: "license", id: licenseId },
    data: { object, previous: null },
  } as const;
  await repo.usageAlerts.raise(alert, { facts: [fact], answer: [200, null] });
}
