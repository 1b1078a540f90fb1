import type { Asked } from "#db/licensing/asked";
import { addressKey } from "#rules/addresses";
import { placeOf, type Reason } from "#rules/licensing/reasons";
import { restrictionReasons } from "#rules/licensing/restrictions";
import { licenseNotActive, restrictionViolated } from "./problems.ts";

/** Where a request comes from, as the platform tells it. */
type From = { country: string | null; ip: string | null };

/** The address of a request as blacklists know addresses; null where the platform tells none. */
export const fromOf = (ip: string | null) => (ip === null ? null : addressKey(ip));

/** What a license's restrictions say to a question by its key, which may name domain and version. */
export function restrictedByKey(
  { snapshot }: Asked,
  { country, ip }: From,
  sent: { domain?: string | undefined; version?: string | undefined },
): Reason[] {
  const { domain, version } = sent;
  return restrictionReasons(snapshot.terms.restrictions, {
    country,
    ip,
    domain,
    version,
    mayName: { domain: true, version: true },
  });
}

/** The same for a device that carries its activation's token and nothing else. */
export function restrictedByToken({ snapshot }: Asked, { country, ip }: From): Reason[] {
  return restrictionReasons(snapshot.terms.restrictions, { country, ip, mayName: { domain: false, version: false } });
}

/** Whether a new seat would stand outside of the license's restrictions: a version that it is not for, or a place. */
export const isRestricted = (asked: Asked, from: From, version: string | undefined): boolean =>
  restrictingSeat(asked, from, version).length > 0;

/** Throws where a new seat would stand outside of the license's restrictions. */
export function refuseRestricted(asked: Asked, from: From, version: string | undefined): void {
  const reasons = restrictingSeat(asked, from, version);
  if (reasons.length === 0) return;
  const facts = { reasons: reasons.map(({ detail }) => detail).join(" ") };
  const ofLicense = reasons.some(({ code }) => placeOf(code) <= 8);
  throw (ofLicense ? licenseNotActive : restrictionViolated)(facts, { extra: { reasons } });
}

function restrictingSeat({ snapshot }: Asked, { country, ip }: From, version: string | undefined): Reason[] {
  const where = { country, ip, version, mayName: { domain: false, version: false } };
  return restrictionReasons(snapshot.terms.restrictions, where).filter(({ severity }) => severity === "deny");
}
