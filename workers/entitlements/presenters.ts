import type { Reservation as Made } from "#kernel/meter";
import type { z } from "#kernel/wire";
import type { Usage } from "#rules/entitlements/counting";
import type { Consumption, Reservation } from "./schemas.ts";

/** What is used of a feature, as answers show it beside what was asked for. */
export const presentUsage = ({ used, reserved, limit, carried, remaining, resetsAt }: Usage) => ({
  used,
  reserved,
  limit_value: limit,
  carried,
  remaining,
  resets_at: resetsAt?.toISOString() ?? null,
});

/** What was used at once; `usages` are those of the items, in their order, after it. */
export const presentConsumption = (
  licenseId: string,
  items: readonly { units: number }[],
  { usages, takenAt }: { usages: readonly Usage[]; takenAt: Date },
): z.infer<typeof Consumption> => ({
  object: "consumption",
  license_id: licenseId,
  items: usages.map((usage, index) => ({
    feature: usage.feature,
    feature_id: usage.featureId,
    units: items[index]?.units ?? 0,
    ...presentUsage(usage),
  })),
  consumed_at: takenAt.toISOString(),
});

/** A reservation as it is now; `usages` are those of its items, in their order. */
export const presentReservation = (
  licenseId: string,
  { id, status, items, madeAt, endsAt }: Made,
  usages: readonly Usage[],
): z.infer<typeof Reservation> => ({
  object: "reservation",
  id,
  reservation_id: id,
  license_id: licenseId,
  status,
  items: usages.map((usage, index) => ({
    feature: usage.feature,
    feature_id: usage.featureId,
    units: items[index]?.units ?? 0,
    committed: items[index]?.committed ?? null,
    ...presentUsage(usage),
  })),
  expires_at: endsAt.toISOString(),
  created_at: madeAt.toISOString(),
});
