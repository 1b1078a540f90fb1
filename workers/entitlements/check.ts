import type { z } from "#kernel/wire";
import type { Checked, FeatureCheck } from "#rules/entitlements/check";
import type { Snapshot } from "#rules/licensing/decide";
import { statusOf } from "#rules/licensing/states";
import type { EntitlementCheck } from "./schemas.ts";

/** A license as a check shows it: null where no license has the key. */
export type CheckedLicense = { id: string; productId: string; snapshot: Snapshot } | null;

/** How a check came about. */
export type Circumstances = {
  /** the instant that it was judged at */
  at: Date;
  /** how old what is known of the license is */
  snapshotAgeMs: number;
  /** whether something behind it did not answer */
  stale: boolean;
};

/** A check as the wire shows it: from what was read, without a look at anything else. */
export function presentCheck(
  { decision, features }: Checked,
  license: CheckedLicense,
  { at, snapshotAgeMs, stale }: Circumstances,
): z.infer<typeof EntitlementCheck> {
  return {
    object: "entitlement_check",
    valid: decision.valid,
    code: decision.code,
    reasons: decision.reasons,
    license: license && presentLicense(license, at),
    entitlements: features.map(presentFeature),
    evaluated_at: at.toISOString(),
    snapshot_age_ms: snapshotAgeMs,
    stale,
  };
}

function presentLicense({ id, productId, snapshot: { license } }: NonNullable<CheckedLicense>, at: Date) {
  return { id, status: statusOf(license, at), product_id: productId, expires_at: license.expiresAt?.toISOString() ?? null };
}

function presentFeature({ feature, entitlement, allowed, whyNot, usage }: FeatureCheck) {
  return {
    feature,
    feature_id: entitlement?.featureId ?? null,
    allowed,
    code: whyNot,
    enabled: entitlement?.enabled ?? false,
    limit_value: entitlement?.limitValue ?? null,
    limit_type: entitlement?.limitType ?? null,
    used: usage?.used ?? null,
    remaining: usage?.remaining ?? null,
    reset: entitlement?.reset ?? null,
    resets_at: usage?.resetsAt?.toISOString() ?? null,
    expires_at: entitlement?.expiresAt ?? null,
  };
}
