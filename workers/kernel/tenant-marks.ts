import type { Mark } from "#rules/limits/leasing";
import { type Asked, askedByItself, openTenant } from "./asking.ts";
import type { Env } from "./env.ts";
import type { EventObject } from "./event-objects.ts";
import { newId } from "./ids.ts";

/** A part of a month's API calls that a tenant has used, and what it was when it was reached. */
export type ReachedMark = { startsAt: number; endsAt: number; percent: Mark; used: number; limit: number };

/** The limit of a tenant's tier that is told of, as alerts and events name it. */
export const API_CALLS = "api_calls";

/**
 * Writes an alert and an event of a mark, in one batch and once a month, however often it is called. What is left of a tenant that was closed
 * hears nothing. Throws where the database does not take it.
 */
export async function tellMark(
  env: Env,
  executionCtx: Asked["executionCtx"],
  tenantId: string,
  mark: ReachedMark,
): Promise<void> {
  const asked = askedByItself(env, executionCtx, "quota");
  const opened = await openTenant(asked, tenantId, { type: "system", id: null, ip: null });
  if (!opened) return;
  const { repo, now } = opened;
  const { startsAt, endsAt, percent, used, limit } = mark;
  const object: EventObject<"TenantLimitThreshold"> = {
    object: "tenant_limit",
    id: tenantId,
    limit: API_CALLS,
    percent,
    used,
    limit_value: limit,
    period_starts_at: new Date(startsAt).toISOString(),
    resets_at: new Date(endsAt).toISOString(),
  };
  const row = {
    tenantId: repo.tenantId,
    id: newId("usage_alert", repo.shard, asked.var.realNow),
    subject: repo.tenantId,
    licenseId: null,
    featureId: null,
    feature: API_CALLS,
    periodStartsAt: new Date(startsAt),
    percent,
    used,
    limitValue: limit,
    at: now,
  };
  const subject = { type: "tenant", id: tenantId };
  const facts = [{ type: "tenant_limit.threshold_reached" as const, subject, data: { object, previous: null } }];
  await repo.usageAlerts.raise(row, { facts, answer: [200, null] });
}
