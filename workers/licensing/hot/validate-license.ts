import type { Asked } from "#db/licensing/asked";
import { sha256Url } from "#kernel/crypto";
import { deviceDigests, keyDigests } from "#kernel/digests";
import { mayKnow } from "#kernel/for-caller";
import type { HotAsking, HotLicense, HotRoute } from "#kernel/hot/door";
import type { Source } from "#kernel/hot/licenses";
import { licenseKeptAs } from "#kernel/hot/second-tier";
import { meteredAmong } from "#rules/entitlements/check";
import { decide, notFound } from "#rules/licensing/decide";
import { fromOf, restrictedByKey } from "../restricted.ts";
import { validateLicense } from "../licenses.validate.ts";
import { answeredBefore, decisionText, hotDecision, stampBehind } from "./deciding.ts";
import { usedUpOf } from "../used-up.ts";
import { plainValidation, type PlainValidation } from "./plain.ts";

/** `licenses.validate` without router and schema: the same rule and the same presenter, out of what is known. */
export const hotValidation: HotRoute<PlainValidation> = {
  operationId: "licenses.validate",
  security: validateLicense.route.security ?? [],
  plain: plainValidation,
  finds: ({ license_key: key, fingerprint = "", user = "", version = "" }) => ["key", key, fingerprint, user, version],
  source: sourceByKey,
  answer,
};

/** How a license is read by its key and, where a device asks, by that device. */
export async function sourceByKey(
  { env, tenantId, ip }: HotAsking,
  body: Pick<PlainValidation, "license_key" | "fingerprint" | "user" | "version">,
): Promise<Source> {
  const { fingerprint, user, version } = body;
  const keyHashes = await keyDigests(env, tenantId, body.license_key);
  const devices = fingerprint === undefined ? [] : await deviceDigests(env, tenantId, fingerprint);
  const more = user === undefined && version === undefined ? "" : await sha256Url(JSON.stringify([user, version]));
  return {
    tier: licenseKeptAs(tenantId, { keyHash: keyHashes[0] ?? "", deviceHash: devices[0] ?? null, more }),
    version,
    row: (asked, at) => asked.rowByKey({ keyHashes, devices }, { at, version, user, from: fromOf(ip) }),
  };
}

async function answer(asking: HotAsking, body: PlainValidation, license: HotLicense): Promise<string | undefined> {
  const { caller, now } = asking;
  const inputs = inputsOf(asking, body, license);
  const known = license.known?.entry.asked;
  const isMetered = known !== undefined && meteredAmong(known.snapshot.terms, body.features ?? [], now).length > 0;
  // what is left of a quota may turn with every consume
  const before = isMetered ? undefined : answeredBefore(asking, license, inputs, body.nonce);
  const entry = license.known?.entry;
  if (before !== undefined && entry) {
    stampBehind(asking, entry);
    return before;
  }
  const visible = (asked: Asked | undefined) => (asked && mayKnow(caller, asked.license.productId) ? asked : undefined);
  const { env, tenantId } = asking;
  const place = { env, tenantId, zone: asking.known.tenant.timeZone, at: now };
  const usedUp = isMetered ? await usedUpOf(place, known, body.features) : [];
  const made = await hotDecision(asking, license, (asked) => {
    const found = visible(asked);
    if (!found) return notFound();
    return decide({ ...found.snapshot, usedUp }, { ...body, by: "key" }, now, restrictedByKey(found, asking, body));
  });
  const { decided } = made;
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
function inputsOf({ country, ip }: HotAsking, { product, domain, features }: PlainValidation, { known }: HotLicense): string {
  const restricted = known !== undefined && known.entry.asked.snapshot.terms.restrictions.length > 0;
  if (!restricted && product === undefined && domain === undefined && features === undefined) return "";
  return JSON.stringify([product, domain, features, restricted ? [country, ip] : null]);
}
