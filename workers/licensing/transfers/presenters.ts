import type { TransferRow } from "#db/licensing/transfers";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import { transferStatusOf } from "#rules/licensing/transfers";
import type { LicenseTransfer } from "./schemas.ts";

/** A transfer as it is at `now`. */
export const presentTransfer = (row: TransferRow, now: Date): z.infer<typeof LicenseTransfer> => {
  const status = transferStatusOf(row, now);
  const endedAt = row.endedAt ?? (status === "expired" ? row.expiresAt : null);
  return {
    object: "license_transfer",
    id: row.id,
    license_id: row.licenseId,
    from_customer_id: row.fromCustomerId,
    to_customer_id: row.toCustomerId,
    status,
    reason: row.reason,
    expires_at: row.expiresAt?.toISOString() ?? null,
    ended_at: endedAt?.toISOString() ?? null,
    ...presentOwned(row),
  };
};
