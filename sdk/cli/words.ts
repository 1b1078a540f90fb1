import type { Decision } from "#rules/licensing/decide";
import type { OlpCode } from "#rules/licensing/olp/codes";
import type { Verdict } from "../verifier/verify.ts";

const damaged = "The file was damaged or changed on its way: copy it again, as a whole, or get it from the vendor again.";
const foreign =
  "It is not what this vendor made for this program: check --tenant, --product and --roots, or get the file from the vendor again.";
const renew = "Get a newer file from the vendor: make a request (latchkey offline request --refresh) and have it answered.";
const older = "A newer file was here before. Use that one, or have a new request answered.";
const ask = "Ask the vendor.";

/** What a person may do about a file that is not taken. */
const HELP: Record<OlpCode, string> = {
  TOO_LARGE: damaged,
  MALFORMED: damaged,
  NOT_CANONICAL: damaged,
  INVALID_JSON: damaged,
  DUPLICATE_MEMBER: damaged,
  INVALID_HEADER: damaged,
  UNSUPPORTED_ALGORITHM: damaged,
  WRONG_TYPE: "It is another kind of file: a license file is what the server answers to a request.",
  BAD_SIGNATURE: damaged,
  UNKNOWN_ROOT: foreign,
  INVALID_CLAIMS: "This version of the program may be too old for it: update, or get the file from the vendor again.",
  WRONG_ISSUER: foreign,
  KEYSET_OUTDATED: older,
  KEYSET_EXPIRED: renew,
  UNKNOWN_KEY:
    "The vendor may have changed keys since: give the newest keyset with --keyset. Otherwise check --tenant, --product and --roots, or get the file from the vendor again.",
  KEY_REVOKED: renew,
  KEY_NOT_FOR_PRODUCT: foreign,
  WRONG_PRODUCT: foreign,
  KEY_OUT_OF_TIME: foreign,
  WRONG_REQUEST: "It answers another request than the one that waits here. Use the answer to this one, or make a new request.",
  WRONG_DEVICE: "It was made for another device: check --fingerprint and --component, or make a request on this one.",
  CLOCK_ROLLBACK:
    "Set this device's clock right. If it is right now and was ahead before, make a new request (latchkey offline request --refresh) and have it answered.",
  NOT_YET_VALID: "Wait, or set this device's clock right.",
  FILE_EXPIRED: renew,
  FILE_OUTDATED: older,
  STATUS_TOO_OLD: "Get the product's newest status list from the vendor, and give it with --status.",
  FILE_SUSPENDED: ask,
  FILE_REVOKED: ask,
  FILE_SUPERSEDED: "The seat was given back, or another file took the place of this one. Make a new request on this device.",
};

const NEXT: Record<NonNullable<Decision["next"]>["action"], string> = {
  renew: "Renew the license, and then have a request answered (latchkey offline request --refresh).",
  activate: "Make a request on this device and have it answered.",
  free_a_seat: "Give back the seat of a device that is not used any more.",
  upgrade: "Ask the vendor for a license that includes it.",
  contact_vendor: ask,
};

/** The verdict in plain words, line by line. */
export function inWords(verdict: Verdict): string {
  if (verdict.code !== "OK") return `Refused: ${verdict.detail} (${verdict.code})\n${HELP[verdict.code]}\n`;
  const { decision, claims, warnings } = verdict;
  const lines = [
    decision.valid
      ? "Valid: the file is genuine, and the license may be used here."
      : "Refused: the file is genuine, but the license may not be used.",
    `  license  ${claims.sub}, for ${claims.product}`,
    `  file     number ${claims.seq} of this device, usable until ${instant(claims.exp)}`,
    ...decision.reasons.map(
      ({ code, severity, detail }) => `  ${severity === "deny" ? "denied " : "warning"}  ${detail} (${code})`,
    ),
    ...warnings.map(({ code, detail }) => `  warning  ${detail} (${code})`),
    ...(decision.next === null ? [] : [NEXT[decision.next.action]]),
  ];
  return `${lines.join("\n")}\n`;
}

/** The verdict for other programs. */
export function asJson(verdict: Verdict): string {
  const valid = verdict.code === "OK" && verdict.decision.valid;
  return `${JSON.stringify({ valid, ...verdict }, null, 2)}\n`;
}

const instant = (seconds: number) => new Date(Math.min(seconds, 253_402_300_799) * 1000).toISOString();
