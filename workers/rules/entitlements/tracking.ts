import type { Entitlement } from "../licensing/terms.ts";
import { meteredBy, rightTo } from "./check.ts";
import type { Metered } from "./counting.ts";

/** How far back usage may lie when it is told: a month, and some days to notice. */
export const TOLD_WITHIN_DAYS = 35;

/** How far ahead of ours a teller's clock may be; what lies ahead counts as now. */
export const AHEAD_MS = 5 * 60_000;

const DAY_MS = 24 * 3600 * 1000;

/** Why usage that was told is not counted. */
export const NOT_COUNTED = [
  "license_not_found",
  "feature_not_licensed",
  "at_in_future",
  "at_too_old",
  "idempotency_key_reused",
] as const;
export type NotCounted = (typeof NOT_COUNTED)[number];

/** What usage is counted as, or why it is not. */
export type Counting = { counted: Metered } | { code: NotCounted; detail: string };

/**
 * What usage of a feature, named by id or code, is counted as by a license with these rights. It tells what happened, so the license's status
 * is not asked, and a limit is no reason to refuse; but what the license has no right to has no quota that it could count against. A right
 * that has ended counts what was used before. `at` null = now.
 */
export function countedAs(
  { feature, at }: { feature: string; at: Date | null },
  rights: readonly Entitlement[],
  now: Date,
): Counting {
  if (at !== null && at.getTime() > now.getTime() + AHEAD_MS) return { code: "at_in_future", detail: "It lies in the future." };
  if (at !== null && at.getTime() < now.getTime() - TOLD_WITHIN_DAYS * DAY_MS)
    return { code: "at_too_old", detail: `It lies more than ${TOLD_WITHIN_DAYS} days back.` };
  const { entitlement, whyNot } = rightTo({ entitlements: rights }, feature, at ?? now);
  if (!entitlement || whyNot !== null)
    return { code: "feature_not_licensed", detail: "The license has no right to this feature." };
  return { counted: meteredBy(entitlement) };
}
