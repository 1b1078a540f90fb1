import type { Asked } from "#db/licensing/asked";
import { mayKnow } from "#kernel/for-caller";
import { findsByKey, sourceByKey } from "#kernel/hot/by-key";
import type { HotAsking, HotLicense, HotRoute } from "#kernel/hot/door";
import { judged } from "#kernel/hot/judging";
import { usagesKnown } from "#kernel/hot/usages";
import { meteredAmong, usedUpIn } from "#rules/entitlements/check";
import { decide, notFound } from "#rules/licensing/decide";
import { isFinal } from "#rules/licensing/turning";
import { restrictedByKey } from "../restricted.ts";
import { validateLicense } from "../licenses.validate.ts";
import { answeredBefore, decisionText, stampBehind } from "./deciding.ts";
import { plainValidation, type PlainValidation } from "./plain.ts";

/** `licenses.validate` without router and schema: the same rule and the same presenter, out of what is known. */
export const hotValidation: HotRoute<PlainValidation> = {
  operation: "licenses.validate",
  security: validateLicense.route.security ?? [],
  plain: plainValidation,
  finds: findsByKey,
  source: sourceByKey,
  answer,
};

async function answer(asking: HotAsking, body: PlainValidation, license: HotLicense): Promise<string | undefined> {
  const { caller, now } = asking;
  const inputs = inputsOf(asking, body, license);
  const known = license.known?.entry;
  const metered = known && body.features ? meteredAmong(known.asked.snapshot.terms, body.features, now) : [];
  const isMetered = metered.length > 0;
  // what is left of a quota may turn with every consume
  const before = isMetered ? undefined : answeredBefore(asking, license, inputs, body.nonce);
  const entry = license.known?.entry;
  if (before !== undefined && entry) {
    stampBehind(asking, entry);
    return before;
  }
  const visible = (asked: Asked | undefined) => (asked && mayKnow(caller, asked.license.productId) ? asked : undefined);
  const used = known && isMetered ? await usagesKnown(asking, known, metered) : null;
  const usedUp = usedUpIn(used?.usages ?? []);
  const made = await judged(asking, license, {
    judge: (asked) => {
      const found = visible(asked);
      if (!found) return notFound();
      return decide({ ...found.snapshot, usedUp }, { ...body, by: "key" }, now, restrictedByKey(found, asking, body));
    },
    isFinal,
  });
  const { verdict: decided } = made;
  if (used) made.ageMs = Math.max(made.ageMs, used.ageMs);
  if (license.known === undefined) await asking.limits.notFound(body.license_key);
  const found = visible(made.known?.entry.asked);
  // whoever begins a period changes the license: the router's way
  if (
    found &&
    decided.valid &&
    found.snapshot.terms.expiryBasis === "first_validation" &&
    found.license.firstValidatedAt === null
  )
    return undefined;
  if (!found || !made.known) return decisionText(asking, { ...made, known: undefined }, body, inputs);
  stampBehind(asking, made.known.entry);
  return decisionText(asking, made, body, inputs);
}

/** What decides besides what found the license; the place only where a restriction asks for it. */
function inputsOf(asking: HotAsking, { product, domain, features }: PlainValidation, { known }: HotLicense): string {
  const restricted = known !== undefined && known.entry.asked.snapshot.terms.restrictions.length > 0;
  if (!restricted && product === undefined && domain === undefined && features === undefined) return "";
  return JSON.stringify([product, domain, features, restricted ? [asking.country, asking.ip] : null]);
}
