import { findsByKey, sourceByKey } from "#kernel/hot/by-key";
import type { HotAsking, HotLicense, HotRoute } from "#kernel/hot/door";
import { judged } from "#kernel/hot/judging";
import type { LicenseEntry } from "#kernel/hot/memory";
import { usagesKnown } from "#kernel/hot/usages";
import { meteredAmong, usedUpIn } from "#rules/entitlements/check";
import type { Metered } from "#rules/entitlements/counting";
import { decide, notFound } from "#rules/licensing/decide";
import { isFinal } from "#rules/licensing/turning";
import { restrictedByKey } from "../restricted.ts";
import { beginsNow, validateLicense } from "../licenses.validate.ts";
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

function answer(asking: HotAsking, body: PlainValidation, license: HotLicense): Promise<string | undefined> | string {
  const inputs = inputsOf(asking, body, license);
  const known = license.known?.entry;
  const metered = known ? meteredIn(asking, body, known) : NONE;
  // what is left of a quota may turn with every consume
  const before = metered.length > 0 ? undefined : answeredBefore(asking, license, inputs, body.nonce);
  if (before === undefined || !known) return decided(asking, body, license, inputs, metered);
  stampBehind(asking, known);
  return before;
}

const NONE: readonly Metered[] = [];

const meteredIn = ({ now }: HotAsking, { features }: PlainValidation, { asked }: LicenseEntry): readonly Metered[] =>
  features ? meteredAmong(asked.snapshot.terms, features, now) : NONE;

async function decided(
  asking: HotAsking,
  body: PlainValidation,
  license: HotLicense,
  inputs: string,
  metered: readonly Metered[],
): Promise<string | undefined> {
  const { now } = asking;
  const known = license.known?.entry;
  let used = known && metered.length > 0 ? await usagesKnown(asking, known, metered) : null;
  const made = await judged(asking, license, {
    judge: (asked) => {
      if (!asked) return notFound();
      const usedUp = usedUpIn(used?.usages ?? []);
      return decide({ ...asked.snapshot, usedUp }, { ...body, by: "key" }, now, restrictedByKey(asked, asking, body));
    },
    isFinal,
    // a quota may have been given, raised or taken since
    reread: async (entry) => {
      used = entry ? await usagesKnown(asking, entry, meteredIn(asking, body, entry)) : null;
    },
  });
  if (used) made.ageMs = Math.max(made.ageMs, used.ageMs);
  if (license.known === undefined) await asking.limits.notFound(body.license_key);
  const found = made.known?.entry.asked;
  // whoever begins a period changes the license: the router's way
  if (found && beginsNow(found, made.verdict)) return undefined;
  if (made.known) stampBehind(asking, made.known.entry);
  return decisionText(asking, made, body, inputs);
}

/** What decides besides what found the license; the place only where a restriction asks for it. */
function inputsOf(asking: HotAsking, { product, domain, features }: PlainValidation, { known }: HotLicense): string {
  const restricted = known !== undefined && known.entry.asked.snapshot.terms.restrictions.length > 0;
  if (!restricted && product === undefined && domain === undefined && features === undefined) return "";
  return JSON.stringify([product, domain, features, restricted ? [asking.country, asking.ip] : null]);
}
