import type { KeptActivation } from "#db/licensing/activations";
import type { LicenseTermRow } from "#db/licensing/license-terms";
import type { License as LicenseRead } from "#db/licensing/licenses";
import type { NamedUserRow } from "#db/licensing/named-users";
import { presentOwned } from "#kernel/present";
import { givenToWire, restrictionsToWire } from "#kernel/terms";
import type { z } from "#kernel/wire";
import { statusOf } from "#rules/licensing/states";
import { userLimits } from "#rules/licensing/terms";
import type { Activation, License, NamedUser, LicenseTerm } from "./schemas.ts";

export type LicenseShown = z.infer<typeof License>;
export type ActivationShown = z.infer<typeof Activation>;

/** A license as it is at `now`. Its key is not among this: only the answers that make or reveal one hold it. */
export function presentLicense({ row, terms, seatsHeld, coresHeld, usersHeld }: LicenseRead, now: Date): LicenseShown {
  return {
    object: "license",
    id: row.id,
    key_last4: row.keyLast4,
    status: statusOf(row, now),
    type: row.type,
    model: row.model,
    product_id: row.productId,
    template_id: row.templateId,
    template_rev: row.templateRev,
    customer_id: row.customerId,
    reseller_id: row.resellerId,
    issued_to: row.issuedTo,
    max_activations: row.maxActivations,
    activations_count: seatsHeld,
    max_cores: terms.maxCores,
    cores_count: coresHeld,
    max_users: userLimits(terms).limit,
    users_count: usersHeld,
    entitlements: givenToWire(terms.entitlements),
    restrictions: restrictionsToWire(terms.restrictions),
    starts_at: row.startsAt.toISOString(),
    activated_at: iso(row.activatedAt),
    expires_at: iso(row.expiresAt),
    grace_until: iso(row.graceUntil),
    maintenance_until: iso(row.maintenanceUntil),
    auto_renew: row.autoRenew,
    order_id: row.orderId,
    subscription_id: row.subscriptionId,
    holds: row.holds.map(({ cause, reason, by, at }) => ({ cause, reason, by, at: at.toISOString() })),
    last_validated_at: iso(row.lastValidatedAt),
    converted_at: iso(row.convertedAt),
    canceled_at: iso(row.canceledAt),
    canceled_reason: row.canceledReason,
    revoked_at: iso(row.revokedAt),
    revoked_reason: row.revokedReason,
    ...presentOwned(row),
  };
}

/** An activation; its token is not among this. */
export const presentActivation = (row: KeptActivation): ActivationShown => ({
  object: "activation",
  id: row.id,
  license_id: row.licenseId,
  user: row.userRef,
  name: row.name,
  platform: row.platform,
  app_version: row.appVersion,
  cores: row.cores,
  // kinds alone: what a part is said to be is for nobody to read back
  components: row.components.map(({ kind }) => kind),
  device_public_key: row.devicePublicKey,
  status: row.releasedAt === null ? "active" : "released",
  type: row.type,
  activated_at: row.activatedAt.toISOString(),
  last_seen_at: row.lastSeenAt.toISOString(),
  lease_expires_at: iso(row.leaseExpiresAt),
  ends_at: iso(row.endsAt),
  clone_suspected_at: iso(row.cloneSuspectedAt),
  integrity_failed_at: iso(row.integrityFailedAt),
  deactivated_at: iso(row.releasedAt),
  deactivated_reason: row.releasedReason,
  archived_at: iso(row.archivedAt ?? null),
  metrics: row.metrics,
  ...presentOwned(row),
});

/** A place that belongs to a user. */
export const presentNamedUser = (row: NamedUserRow & { devices: number }): z.infer<typeof NamedUser> => ({
  object: "named_user",
  license_id: row.licenseId,
  user: row.userRef,
  named_at: row.namedAt.toISOString(),
  activations_count: row.devices,
});

/** A term of a license. */
export const presentLicenseTerm = (row: LicenseTermRow): z.infer<typeof LicenseTerm> => ({
  object: "license_term",
  number: row.n,
  license_id: row.licenseId,
  starts_at: row.startsAt.toISOString(),
  ends_at: iso(row.endsAt),
  cause: row.cause,
  basis: row.basis,
  reference: row.reference,
  created_at: row.createdAt.toISOString(),
});

const iso = (at: Date | null) => at?.toISOString() ?? null;
