import { leaseEndOf, type Decision, type Snapshot } from "./decide.ts";

/**
 * The next instant after `at` at which the same question about the same snapshot may be answered otherwise, because something begins or
 * ends by itself; null = never.
 */
export function nextTurn({ license, terms, activation }: Snapshot, at: Date): Date | null {
  const { startsAt, expiresAt, graceUntil, maintenanceUntil, canceledAt } = license;
  const seat = activation === null ? [] : [activation.endsAt, leaseEndOf(activation, terms)];
  const rights = terms.entitlements.map((right) => (right.expiresAt === null ? null : new Date(right.expiresAt)));
  let next: Date | null = null;
  for (const instant of [startsAt, expiresAt, graceUntil, maintenanceUntil, canceledAt, ...seat, ...rights]) {
    if (instant !== null && instant > at && (next === null || instant < next)) next = instant;
  }
  return next;
}

/** Whether nothing that anybody does could turn a refusal: who is revoked or canceled stays so. */
export function isFinal({ valid, reasons }: Decision): boolean {
  return !valid && reasons.some(({ code, severity }) => severity === "deny" && (code === "REVOKED" || code === "CANCELED"));
}
