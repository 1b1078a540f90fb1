import type { Asked } from "#db/licensing/asked";
import { mayActivate } from "#rules/licensing/decide";
import { leaseLengthS, seatLimits } from "#rules/licensing/terms";
import { licenseNotActive, seatLimitReached } from "./problems.ts";

/** Throws `license_not_active` with its reasons where the license itself stands against a new seat. */
export function refuseInactive({ snapshot }: Asked, now: Date): void {
  const reasons = mayActivate(snapshot, now);
  if (reasons.length > 0)
    throw licenseNotActive({ reasons: reasons.map(({ detail }) => detail).join(" ") }, { extra: { reasons } });
}

/** Throws `seat_limit_reached` where all seats were held at the moment of reading, by others than who asks. */
export function refuseFull({ snapshot, license }: Asked): void {
  const { ceiling } = seatLimits(snapshot.terms);
  if (ceiling !== null && snapshot.counts.othersHeld >= ceiling) throw seatLimitReached({ license: license.id, limit: ceiling });
}

/** When a lease that begins now ends; null where seats have none. */
export function leaseFrom({ snapshot: { terms } }: Asked, now: Date): Date | null {
  const lengthS = leaseLengthS(terms);
  return lengthS === null ? null : new Date(now.getTime() + lengthS * 1000);
}
