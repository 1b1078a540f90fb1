import type { KeysetRow, RootRow, SigningKeyRow, Trust } from "#db/offline/keys";
import type { EmergencyCodeRow } from "#db/offline/emergency-codes";
import type { EventObject } from "#kernel/event-objects";
import type { z } from "#kernel/wire";
import { custodyOf, rootOf } from "./keyset.ts";
import type { EmergencyCode, OfflineKeyset, OfflineRoots, SigningKey } from "./schemas.ts";

const iso = (at: Date | null) => at?.toISOString() ?? null;

/** The roots that a tenant's programs embed. */
export function presentRoots(roots: readonly RootRow[]): z.infer<typeof OfflineRoots> {
  const shown = (role: "current" | "next") => {
    const root = rootOf(roots, role);
    if (!root) throw new Error("A tenant has two roots or none");
    return { kid: root.kid, x: root.publicKey, created_at: root.createdAt.toISOString() };
  };
  return { object: "offline_roots", custody: custodyOf({ roots }), current: shown("current"), next: shown("next") };
}

export function presentSigningKey(key: SigningKeyRow): z.infer<typeof SigningKey> {
  const status = key.revokedAt ? "revoked" : key.retiredAt ? "retired" : key.pendingSince ? "pending" : "active";
  return {
    object: "signing_key",
    id: key.kid,
    kid: key.kid,
    x: key.publicJwk.x,
    status,
    product_ids: key.productIds,
    created_at: key.createdAt.toISOString(),
    retired_at: iso(key.retiredAt),
    revoked_at: iso(key.revokedAt),
    revoked_reason: key.revokedReason,
  };
}

/** What is told of a keyset in events: that it is there. */
export const presentKeysetMade = ({ seq, rootKid, expiresAt, createdAt }: KeysetRow): EventObject<"PublishedKeyset"> => ({
  object: "offline_keyset",
  seq,
  root_kid: rootKid,
  created_at: createdAt.toISOString(),
  expires_at: expiresAt.toISOString(),
});

/** The newest keyset with the keys and roots that belong to it. */
export const presentKeyset = (keyset: KeysetRow, { roots, keys }: Trust): z.infer<typeof OfflineKeyset> => ({
  ...presentKeysetMade(keyset),
  keyset: keyset.text,
  custody: custodyOf({ roots }),
  roots: presentRoots(roots),
  keys: keys.map(presentSigningKey),
});

/** An emergency code; its text is not among this. */
export const presentEmergencyCode = (row: EmergencyCodeRow): z.infer<typeof EmergencyCode> => ({
  object: "emergency_code",
  id: row.id,
  license_id: row.licenseId,
  reason: row.reason,
  device_bound: row.deviceHash !== null,
  created_by: row.createdBy,
  created_at: row.createdAt.toISOString(),
  expires_at: row.expiresAt.toISOString(),
  redeemed_at: iso(row.redeemedAt),
  activation_id: row.activationId,
});
