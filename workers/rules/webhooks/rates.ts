import type { Settings } from "../tenants/settings.ts";

/**
 * How many deliveries a second an endpoint gets at most; null = as many as it takes. Its own rate goes before the tenant's; one without, which
 * catches up on what waited while it was away, gets no more than the tenant lets go out then. The pump's SQL says the same.
 */
export function rateOf(
  { ownPerS, isCatchingUp }: { ownPerS: number | null; isCatchingUp: boolean },
  { catch_up_per_s: catchUpPerS, rate_per_s: ratePerS }: Settings["webhooks"],
): number | null {
  if (ownPerS !== null) return ownPerS;
  return isCatchingUp ? Math.min(catchUpPerS, ratePerS ?? catchUpPerS) : ratePerS;
}
