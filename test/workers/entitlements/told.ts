import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { DaySum } from "#db/entitlements/usage-days";
import { openTenant } from "#kernel/asking";
import type { EventObject } from "#kernel/event-objects";
import { newId } from "#kernel/ids";

/** A tenant's rows as a meter's alarm opens them. */
export async function opened(tenantId: string) {
  const asked = { env, executionCtx: createExecutionContext(), var: { realNow: new Date(), requestId: "req_tests" } };
  const tenant = await openTenant(asked, tenantId, { type: "system", id: null, ip: null });
  if (!tenant) throw new Error(`No tenant ${tenantId}`);
  return tenant;
}

/** What a meter tells of a day, with what a test does not care about. */
export const daySum = (fields: Partial<DaySum> & Pick<DaySum, "featureId" | "onDay" | "used">): DaySum => ({
  feature: "export",
  level: fields.used,
  items: 1,
  seq: 1,
  ...fields,
});

/** A mark that a quota of a license reached. */
export async function raised(
  tenantId: string,
  licenseId: string,
  { featureId, feature = "export", percent = 80, periodStartsAt = new Date(0), used = 80, limitValue = 100 }: Mark,
): Promise<boolean> {
  const { repo, now } = await opened(tenantId);
  const id = newId("usage_alert", repo.shard, new Date());
  const row = { tenantId: repo.tenantId, id, subject: licenseId, licenseId, featureId, feature, percent, periodStartsAt, used };
  const fact = { type: "quota.threshold_reached" as const, subject: { type: "license", id: licenseId } };
  const object: EventObject<"QuotaThreshold"> = {
    object: "quota",
    license_id: licenseId,
    feature,
    feature_id: featureId,
    percent,
    used,
    limit_value: limitValue,
    period_starts_at: periodStartsAt.toISOString(),
    resets_at: null,
  };
  const told = { facts: [{ ...fact, data: { object, previous: null } }], answer: [200, null] as const };
  return repo.usageAlerts.raise({ ...row, limitValue, at: now }, told);
}

type Mark = {
  featureId: string;
  feature?: string;
  percent?: number;
  periodStartsAt?: Date;
  used?: number;
  limitValue?: number;
};
