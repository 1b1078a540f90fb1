import { decide, NO_COUNTS, type Decision, type Snapshot } from "#rules/licensing/decide";
import type { LicenseClaims } from "#rules/licensing/olp/claims";
import { reason, type Reason } from "#rules/licensing/reasons";
import { termsWithDefaults, type Entitlement } from "#rules/licensing/terms";

/** What the program says of itself when it asks; what is absent was not said. */
export type Said = {
  fingerprint?: string | undefined;
  product?: string | undefined;
  version?: string | undefined;
  domain?: string | undefined;
  user?: string | undefined;
  features?: readonly string[] | undefined;
};

/** Judges a license by what a genuine file says of it, at `now`: by the same rule as the edge. */
export function judge(claims: LicenseClaims, emergency: boolean, said: Said, now: Date): Decision {
  return decide(snapshotOf(claims, emergency, said), { by: "key", ...said }, now, versionReasons(claims, said));
}

function snapshotOf(claims: LicenseClaims, emergency: boolean, { version }: Said): Snapshot {
  const { lic, ver } = claims;
  const listed = version === undefined ? undefined : listedIn(ver, version);
  return {
    license: {
      startsAt: at(lic.starts_at),
      expiresAt: orNull(lic.expires_at),
      graceUntil: orNull(lic.grace_until),
      maintenanceUntil: orNull(lic.maintenance_until),
      canceledAt: null,
      revokedAt: null,
      convertedAt: null,
      holds: [],
      expiryBasis: "creation",
      activatedAt: at(claims.iat),
    },
    product: { id: claims.aud, code: claims.product },
    terms: termsOf(claims),
    activation: {
      id: claims.act,
      type: emergency ? "emergency" : "offline",
      user: claims.dev.user,
      activatedAt: at(claims.iat),
      lastHeartbeatAt: null,
      leaseExpiresAt: null,
      endsAt: at(claims.exp),
      releasedAt: null,
      cloneSuspectedAt: null,
      integrityFailedAt: null,
    },
    counts: { ...NO_COUNTS, users: { used: 0, upToThis: claims.dev.user === null ? null : 1 } },
    versionReleasedAt: orNull(listed?.released ?? null),
    // as at the edge: a version of which no release is known is none of the product's
    versionUnknown: version !== undefined && (listed?.released ?? null) === null,
    trialHeldElsewhere: false,
    blacklisted: null,
    usedUp: [],
  };
}

function termsOf({ lic, ent, ver }: LicenseClaims) {
  const { type, model, expiration_strategy: expirationStrategy, requires } = lic;
  const restrictions = ver?.restricted ? [{ type: "version" as const, operator: "allow" as const, values: [] }] : [];
  const unknownVersion = ver?.unknown ?? "allow";
  return termsWithDefaults({
    type,
    model,
    expirationStrategy,
    requires,
    restrictions,
    unknownVersion,
    entitlements: ent.map(right),
  });
}

const right = (each: LicenseClaims["ent"][number]): Entitlement => ({
  feature: each.feature,
  featureId: each.id,
  enabled: each.enabled,
  limitValue: each.limit,
  limitType: each.limit_type,
  reset: each.reset,
  expiresAt: each.expires_at === null ? null : at(each.expires_at).toISOString(),
});

/** What the license's restrictions say of the version. The vendor judged the ranges when the file was made. */
function versionReasons({ ver }: LicenseClaims, { version }: Said): Reason[] {
  if (!ver?.restricted) return [];
  const pointer = "/version";
  if (version === undefined) return [reason("VERSION_SCOPE_REQUIRED", "This license asks for the version.", { pointer })];
  const listed = listedIn(ver, version);
  if (!listed || listed.allowed) return [];
  return [reason("VERSION_NOT_ALLOWED", `The license is not for version ${version}.`, { pointer })];
}

const listedIn = (ver: LicenseClaims["ver"], version: string) =>
  ver && Object.hasOwn(ver.listed, version) ? ver.listed[version] : undefined;

/** Seconds beyond what a date can hold are its last instant. */
const at = (seconds: number) => new Date(Math.min(seconds, 253_402_300_799) * 1000);
const orNull = (seconds: number | null) => (seconds === null ? null : at(seconds));
