import { decide, NO_COUNTS, notFound, type Decision, type Snapshot } from "../licensing/decide.ts";
import { placeOf } from "../licensing/reasons.ts";
import { entitlementFor, type Entitlement, type TemplateTerms } from "../licensing/terms.ts";
import type { Metered, Usage } from "./counting.ts";

/** Why a feature may not be used, by the names that decisions have for it. */
export type WhyNot = "ENTITLEMENTS_MISSING" | "ENTITLEMENT_EXPIRED" | "QUOTA_EXCEEDED";

/** The right to a feature, where there is one, and what stands against it whatever was used. */
export type Right = { entitlement: Entitlement; whyNot: null } | { entitlement: Entitlement | null; whyNot: WhyNot };

/** What a check answers for one feature. */
export type FeatureCheck = Right & {
  /** as it was asked for, where nothing of that name is licensed */
  feature: string;
  /** the license is in force, and nothing stands against the feature */
  allowed: boolean;
  /** null where nothing is counted, or the meter was not heard */
  usage: Usage | null;
};

/** What a check answers: the license's own state, judged without a device, and each feature in the order asked for. */
export type Checked = { decision: Decision; features: FeatureCheck[] };

type Terms = Pick<TemplateTerms, "entitlements">;

/** The right to a feature that is named by id or code, at `now`. What was used of it is not asked here. */
export function rightTo(terms: Terms, feature: string, now: Date): Right {
  const entitlement = entitlementFor(terms, feature) ?? null;
  if (!entitlement || !entitlement.enabled || entitlement.limitValue === 0)
    return { entitlement, whyNot: "ENTITLEMENTS_MISSING" };
  const hasEnded = entitlement.expiresAt !== null && new Date(entitlement.expiresAt) <= now;
  return hasEnded ? { entitlement, whyNot: "ENTITLEMENT_EXPIRED" } : { entitlement, whyNot: null };
}

/** A right as it is counted. */
export function meteredBy({ featureId, feature, limitValue, reset, rollover }: Entitlement): Metered {
  return { featureId, feature, limit: limitValue, reset, rollover: rollover ?? false };
}

/** Which of the features asked for have a quota that may be used up: only for these the meter has anything to say. */
export function meteredAmong(terms: Terms, features: readonly string[], now: Date): Metered[] {
  const rights = features.map((feature) => rightTo(terms, feature, now));
  const metered = rights.flatMap(({ entitlement, whyNot }) =>
    entitlement === null || whyNot !== null || entitlement.limitValue === null ? [] : [meteredBy(entitlement)],
  );
  return metered.filter(({ featureId }, index) => metered.findIndex((each) => each.featureId === featureId) === index);
}

/** The ids of features of which nothing is left, as a decision asks for them. */
export function usedUpIn(usages: readonly Usage[]): string[] {
  return usages.filter(({ remaining }) => remaining === 0).map(({ featureId }) => featureId);
}

/**
 * Whether a license is in force, for whoever knows its key: the decision's places 2 to 8, and whether the vendor has shut out the address.
 * Devices, users and seats are not asked: what is used is used of the license.
 */
export function judgeLicense(snapshot: Snapshot, now: Date): Decision {
  const all = decide({ ...snapshot, activation: null, counts: NO_COUNTS }, { by: "key" }, now);
  const reasons = all.reasons.filter(({ code }) => placeOf(code) <= 8 || code === "DEVICE_BLACKLISTED");
  const denial = reasons.find(({ severity }) => severity === "deny");
  const first = denial ?? reasons[0];
  return {
    valid: denial === undefined,
    code: first?.code ?? "VALID",
    reasons,
    next: first?.code === all.code ? all.next : null,
  };
}

/**
 * Whether each feature may be used now. Without a snapshot no license has the key, and nothing may. `usages` are the meter's, for what
 * `meteredAmong` named; null where it was not heard: then a quota stands against nothing, because using it is what counts.
 */
export function checkFeatures({
  snapshot,
  decision,
  features,
  usages,
  now,
}: {
  snapshot: Snapshot | null;
  /** the license's, where it was judged already */
  decision?: Decision;
  features: readonly string[];
  usages: readonly Usage[] | null;
  now: Date;
}): Checked {
  const judged = decision ?? (snapshot ? judgeLicense(snapshot, now) : notFound());
  return {
    decision: judged,
    features: features.map((name): FeatureCheck => {
      const right = snapshot
        ? rightTo(snapshot.terms, name, now)
        : { entitlement: null, whyNot: "ENTITLEMENTS_MISSING" as const };
      const usage = usages?.find(({ featureId }) => featureId === right.entitlement?.featureId) ?? null;
      const feature = right.entitlement?.feature ?? name;
      if (right.whyNot !== null) return { ...right, feature, allowed: false, usage };
      if (usage?.remaining === 0)
        return { entitlement: right.entitlement, whyNot: "QUOTA_EXCEEDED", feature, allowed: false, usage };
      return { ...right, feature, allowed: judged.valid, usage };
    }),
  };
}
