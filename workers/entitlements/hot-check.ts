import { findsByKey, sourceByKey } from "#kernel/hot/by-key";
import type { HotAsking, HotLicense, HotRoute } from "#kernel/hot/door";
import { judged } from "#kernel/hot/judging";
import type { Source } from "#kernel/hot/licenses";
import { isText } from "#kernel/hot/plain";
import { usagesKnown } from "#kernel/hot/usages";
import { checkFeatures, meteredAmong } from "#rules/entitlements/check";
import { isFinal } from "#rules/licensing/turning";
import { presentCheck } from "./check.ts";
import { checkEntitlements } from "./entitlements.check.ts";

type Body = { license_key: string; features: readonly string[] };

/** `entitlements.check` without router and schema: the same rule and the same presenter, out of what is known. */
const hotCheck: HotRoute<Body> = {
  operation: "entitlements.check",
  security: checkEntitlements.route.security ?? [],
  plain,
  // kept apart from validations, which are judged by the address whoever asks
  finds: ({ license_key }) => [...findsByKey({ license_key }), "check"],
  source,
  answer,
};

/** How the license is read: what a program asks is judged by where it asks from; a vendor's server asks for others. */
async function source(asking: HotAsking, body: Body): Promise<Source> {
  const { env, tenantId, ip, limits, caller } = asking;
  return sourceByKey({ env, tenantId, limits, ip: caller.kind === "publishable" ? ip : null }, body);
}

/** What of entitlements is asked so often that it is answered before the router. */
export const hotRoutes: readonly (readonly [path: string, HotRoute<unknown>])[] = [[checkEntitlements.route.path, hotCheck]];

/** The body of a check, where it is plainly what the schema takes. */
export function plain(body: Readonly<Record<string, unknown>>): Body | undefined {
  const { license_key: key, features, ...more } = body;
  if (typeof key !== "string" || key.length > 500 || Object.keys(more).length > 0) return undefined;
  if (!Array.isArray(features) || features.length < 1 || features.length > 100) return undefined;
  const isPlain = features.every((each) => isText(each, 255));
  return isPlain ? { license_key: key, features } : undefined;
}

async function answer(asking: HotAsking, { license_key: key, features }: Body, license: HotLicense): Promise<string> {
  const { now } = asking;
  const { known, stale, ageMs } = await judged(asking, license, {
    // a right that is missing may have been given just now, as a license may have been reinstated
    judge: (asked) => {
      const { decision, features: rights } = checkFeatures({
        snapshot: asked?.snapshot ?? null,
        features,
        usages: null,
        now,
      });
      return { valid: decision.valid && rights.every(({ whyNot }) => whyNot === null), decision };
    },
    isFinal: ({ decision }) => isFinal(decision),
  });
  if (!known) {
    await asking.limits.notFound(key);
    const none = checkFeatures({ snapshot: null, features, usages: null, now });
    return JSON.stringify(presentCheck(none, null, { at: now, snapshotAgeMs: 0, stale: false }));
  }
  const { asked } = known.entry;
  const used = await usagesKnown(asking, known.entry, meteredAmong(asked.snapshot.terms, features, now));
  const checked = checkFeatures({ snapshot: asked.snapshot, features, usages: used?.usages ?? null, now });
  const shown = { id: asked.license.id, productId: asked.license.productId, snapshot: asked.snapshot };
  const how = { at: now, snapshotAgeMs: Math.max(ageMs, used?.ageMs ?? 0), stale: stale || used === null };
  return JSON.stringify(presentCheck(checked, shown, how));
}
