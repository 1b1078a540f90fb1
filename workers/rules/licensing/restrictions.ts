import coerce from "semver/functions/coerce.js";
import satisfies from "semver/functions/satisfies.js";
import { isWithin } from "../addresses.ts";
import { countryOf } from "../countries.ts";
import { type Reason, reason } from "./reasons.ts";
import type { Restriction } from "./terms.ts";

/** Where, and with what, a license is being used. Null = the platform does not know; undefined = the question could not carry it. */
export type Circumstances = {
  country: string | null;
  ip: string | null;
  domain?: string | undefined;
  version?: string | undefined;
  /** A question by key may name domain and version, and then must where a restriction asks; a token or an activation cannot. */
  mayName: { domain: boolean; version: boolean };
};

/**
 * What a license's restrictions say: every one must be met, and each that is not gives its reason (places 8, 9 and 11).
 * They stand apart from `decide` because they need libraries, which the offline verifier does not carry.
 */
export function restrictionReasons(restrictions: readonly Restriction[], where: Circumstances): Reason[] {
  return restrictions.flatMap((restriction) => JUDGES[restriction.type](restriction, where));
}

const JUDGES: Record<Restriction["type"], (restriction: Restriction, where: Circumstances) => Reason[]> = {
  geographic: ({ operator, values }, { country }) => {
    if (country === null) return unknownPlace("GEO_NOT_ALLOWED", operator, "The country of this request is not known.");
    const listed = values.some((value) => countryOf(value) === countryOf(country));
    return unlessAllowed(operator, listed, () => reason("GEO_NOT_ALLOWED", `The license may not be used in ${country}.`));
  },

  ip_range: ({ operator, values }, { ip }) => {
    if (ip === null) return unknownPlace("IP_NOT_ALLOWED", operator, "The address of this request is not known.");
    return unlessAllowed(operator, isWithin(ip, values), () =>
      reason("IP_NOT_ALLOWED", "The license may not be used from this address."),
    );
  },

  domain: ({ operator, values }, { domain, mayName }) => {
    const pointer = "/domain";
    if (domain === undefined)
      return mayName.domain ? [reason("DOMAIN_SCOPE_REQUIRED", "This license asks for the domain.", { pointer })] : [];
    const listed = values.some((value) => isUnder(domain, value));
    return unlessAllowed(operator, listed, () =>
      reason("DOMAIN_NOT_ALLOWED", `The license may not be used on ${domain}.`, { pointer }),
    );
  },

  version: ({ operator, values }, { version, mayName }) => {
    const pointer = "/version";
    if (version === undefined)
      return mayName.version ? [reason("VERSION_SCOPE_REQUIRED", "This license asks for the version.", { pointer })] : [];
    const parsed = coerce(version, { includePrerelease: true });
    const notAllowed = () => reason("VERSION_NOT_ALLOWED", `The license is not for version ${version}.`, { pointer });
    // what is no version fits no allow list, and slips through no deny list
    if (parsed === null) return [notAllowed()];
    const listed = values.some((range) => satisfies(parsed, range, { includePrerelease: true }));
    return unlessAllowed(operator, listed, notAllowed);
  },
};

function unlessAllowed(operator: Restriction["operator"], listed: boolean, because: () => Reason): Reason[] {
  return listed === (operator === "allow") ? [] : [because()];
}

/** What is not known fails an allow list, which promises a place, and is remarked on where only some places are barred. */
function unknownPlace(code: "GEO_NOT_ALLOWED" | "IP_NOT_ALLOWED", operator: Restriction["operator"], detail: string): Reason[] {
  return [reason(code, detail, { weighs: operator === "allow" ? "deny" : "warn" })];
}

/** Whether a domain is the listed one or lies under it, on label borders; `*.example.com` means only what lies under it. */
function isUnder(domain: string, listed: string): boolean {
  const below = listed.startsWith("*.");
  const [asked, named] = [asciiDomain(domain), asciiDomain(below ? listed.slice(2) : listed)];
  if (asked === null || named === null) return false;
  return asked.endsWith(`.${named}`) || (!below && asked === named);
}

/** A domain name in its ASCII form (IDNA, as URLs write it), without a final dot; null for what is none. */
function asciiDomain(text: string): string | null {
  const name = text.trim().replace(/\.$/, "");
  if (name === "" || /[/?#@:\\\s]/.test(name) || !URL.canParse(`http://${name}`)) return null;
  return new URL(`http://${name}`).hostname;
}
