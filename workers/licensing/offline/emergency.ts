import type { LicenseRow } from "#db/licensing/licenses";
import { digests, newDigest } from "#kernel/crypto";
import type { Env } from "#kernel/env";
import { peppers } from "#kernel/vault";
import { normalForm, type KeyFormat } from "#rules/licensing/keys";
import { reason, type Reason } from "#rules/licensing/reasons";
import { licenseNotActive } from "../problems.ts";

/** 115 random bits, and a character that checks them. */
export const EMERGENCY_FORMAT: KeyFormat = { prefix: "EMC", groups: 6 };

const purpose = (tenantId: string) => `emergency_code|${tenantId}`;
// as forgiving as a license key: codes are read out over telephones
const normal = (code: string) => normalForm(code) ?? "";

/** What is stored of an emergency code. */
export const newEmergencyDigest = (env: Env, tenantId: string, code: string): Promise<string> =>
  newDigest(peppers(env), purpose(tenantId), normal(code));

/** All that a text may be stored as if it is an emergency code. */
export const emergencyDigests = (env: Env, tenantId: string, code: string): Promise<string[]> =>
  digests(peppers(env), purpose(tenantId), normal(code));

/** Throws `license_not_active` where somebody stopped the license. */
export function refuseStopped(license: LicenseRow, now: Date): void {
  const reasons = whyNoEmergency(license, now);
  if (reasons.length === 0) return;
  throw licenseNotActive({ reasons: reasons.map(({ detail }) => detail).join(" ") }, { extra: { reasons } });
}

/** What no emergency overrides: somebody stopped the license. Its end, its seats and a missing heartbeat do not count. */
function whyNoEmergency({ revokedAt, canceledAt, holds }: LicenseRow, now: Date): Reason[] {
  const reasons: Reason[] = [];
  if (revokedAt !== null) reasons.push(reason("REVOKED", `Revoked on ${revokedAt.toISOString()}.`));
  if (canceledAt !== null && canceledAt <= now) reasons.push(reason("CANCELED", `Canceled on ${canceledAt.toISOString()}.`));
  const causes = [...new Set(holds.map(({ cause }) => cause))].join(", ");
  if (holds.length > 0) reasons.push(reason("SUSPENDED", `Suspended (${causes}).`));
  return reasons;
}
