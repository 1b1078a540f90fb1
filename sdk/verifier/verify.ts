import type { Decision } from "#rules/licensing/decide";
import { fromBase64url } from "#rules/licensing/olp/base64url";
import { claimsOf, type KeysetClaims, type LicenseClaims, type StatusClaims } from "#rules/licensing/olp/claims";
import { OlpRefused, type OlpCode } from "#rules/licensing/olp/codes";
import { keyFor, refuseOutOfTime } from "#rules/licensing/olp/keys";
import { readMessage, type OlpMessage } from "#rules/licensing/olp/message";
import { statusAt } from "#rules/licensing/olp/status";
import { fingerprintDigest, fits, partDigests, sha256, thumbprint, type Part } from "./crypto.ts";
import { judge, type Said } from "./judge.ts";

/** How far a clock may be wrong, in seconds. */
export const CLOCK_TOLERANCE_S = 300;
/** How far ahead of every time seen before a clock is believed, in seconds. */
export const CLOCK_TRUST_S = 400 * 24 * 3600;

/** Whose files, for which program, and the public halves of the roots that the program embeds (base64url). */
export type Trust = { tenant: string; product: string; roots: readonly string[] };

/** What a verifier keeps between two checks, as plain JSON. */
export type State = {
  keyset_seq: number;
  /** the highest `seq` of each activation */
  files: Record<string, number>;
  newest_iat: number;
  highest_time: number;
  status: string | null;
};

/** What a check is made with. Times are whole seconds since 1970. */
export type Circumstances = Said & {
  now: number;
  /** as the last verdict gave it */
  state?: Partial<State> | null | undefined;
  components?: readonly Part[] | undefined;
  /** public half of the device's key */
  deviceKey?: string | undefined;
  /** the request whose answer is awaited */
  request?: string | undefined;
  /** a newer keyset than the file's, if there is one */
  keyset?: string | undefined;
  /** a newer status list than the file's, if there is one */
  status?: string | undefined;
};

export type WarningCode = "CLOCK_LEAP" | "DEVICE_PART_CHANGED";
export type Warning = { code: WarningCode; detail: string };

/** What came of a file: `OK` with the decision, or the first step that failed. */
export type Verdict =
  | { code: "OK"; detail: string; decision: Decision; claims: LicenseClaims; warnings: Warning[]; state: State }
  | { code: OlpCode; detail: string };

/** A verifier for the license files of one product. It never throws for what a file holds. */
export function createVerifier(trust: Trust): { verify(file: string, how: Circumstances): Promise<Verdict> } {
  return {
    verify: async (file, how) => {
      try {
        return await check(trust, file, how);
      } catch (error) {
        if (error instanceof OlpRefused) return { code: error.code, detail: error.message };
        throw error;
      }
    },
  };
}

const EMPTY: State = { keyset_seq: 0, files: {}, newest_iat: 0, highest_time: 0, status: null };

async function check(trust: Trust, file: string, how: Circumstances): Promise<Verdict> {
  const kept = { ...EMPTY, ...how.state };
  const { now } = how;
  const parts = partsOf(file);
  const keyset = await keysetOf(trust, parts.keyset, how, kept);
  const claims: LicenseClaims = await signedBy(trust, keyset, parts.license);
  await refuseForeignAnswer(claims, how.request);
  const changed = await changedParts(trust, claims, how);
  const mark = claims.iat > kept.newest_iat ? claims.iat : kept.highest_time;
  refuseWrongTime(claims, now, mark);
  if (claims.seq < (Object.hasOwn(kept.files, claims.act) ? (kept.files[claims.act] ?? 0) : 0))
    throw new OlpRefused("FILE_OUTDATED", "A newer file of this activation was seen before.");
  const handed = how.status === undefined ? undefined : readMessage(how.status, "status");
  const status = await newestStatus(trust, keyset, [parts.status, handed], kept.status);
  refuseByStatus(claims, status, now);

  const leaps = now > mark + CLOCK_TRUST_S;
  const leap: Warning = { code: "CLOCK_LEAP", detail: "The clock is far beyond every time that was seen before." };
  return {
    code: "OK",
    detail: "The file is genuine, and for this device.",
    // it is at least as late as when the vendor made the file, however slow this clock
    decision: judge(claims, parts.license.kind === "emergency", how, new Date(Math.max(now, claims.iat) * 1000)),
    claims,
    warnings: [...(leaps ? [leap] : []), ...(changed ? [changed] : [])],
    state: {
      keyset_seq: Math.max(kept.keyset_seq, keyset.seq),
      files: { ...kept.files, [claims.act]: claims.seq },
      newest_iat: Math.max(kept.newest_iat, claims.iat),
      highest_time: leaps ? mark : Math.max(mark, now),
      status: status?.text ?? null,
    },
  };
}

function partsOf(file: string) {
  const [keyset, license, status, ...more] = file.replace(/\n$/, "").split("~");
  if (keyset === undefined || license === undefined || more.length > 0)
    throw new OlpRefused("MALFORMED", "A license file is a keyset and a license, and perhaps a status list, joined by ~.");
  return {
    keyset: readMessage(keyset, "keyset"),
    license: readMessage(license, "license", "emergency"),
    status: status === undefined ? undefined : readMessage(status, "status"),
  };
}

/** The keyset that counts: the file's own or one that was handed over, whichever is newer. Both must be genuine. */
async function keysetOf(trust: Trust, own: OlpMessage<"keyset">, how: Circumstances, kept: State): Promise<KeysetClaims> {
  const given = how.keyset === undefined ? [own] : [own, readMessage(how.keyset, "keyset")];
  const roots = new Map(await Promise.all(trust.roots.map(async (x) => [await thumbprint(x), x] as const)));
  const all: KeysetClaims[] = [];
  for (const message of given) {
    const root = roots.get(message.kid);
    if (root === undefined) throw new OlpRefused("UNKNOWN_ROOT", "The keyset is signed by no root that this program knows.");
    await refuseForged(message, root);
    const claims = claimsOf(message);
    refuseOtherIssuer(trust, claims);
    all.push(claims);
  }
  const used = all.reduce((newest, each) => (each.seq > newest.seq ? each : newest));
  if (used.seq < kept.keyset_seq) throw new OlpRefused("KEYSET_OUTDATED", "A newer keyset was seen before.");
  if (used.exp <= how.now) throw new OlpRefused("KEYSET_EXPIRED", "The keyset's time is over: get a newer file.");
  return used;
}

/** The claims of a message that a signing key made for this product. */
async function signedBy<Kind extends "license" | "emergency" | "status">(
  trust: Trust,
  keyset: KeysetClaims,
  message: OlpMessage<Kind>,
) {
  const key = keyFor(keyset, message.kid, trust.product);
  await refuseForged(message, key.x);
  const claims = claimsOf(message);
  refuseOtherIssuer(trust, claims);
  if (claims.aud !== trust.product) throw new OlpRefused("WRONG_PRODUCT", "This is for another product.");
  refuseOutOfTime(key, claims.iat);
  return claims;
}

async function refuseForged({ signature, signed }: OlpMessage, x: string): Promise<void> {
  if (!(await fits(x, signature, signed))) throw new OlpRefused("BAD_SIGNATURE", "The signature does not fit.");
}

function refuseOtherIssuer({ tenant }: Trust, { iss }: { iss: string }): void {
  if (iss !== tenant) throw new OlpRefused("WRONG_ISSUER", "This is from another vendor.");
}

async function refuseForeignAnswer({ rid, req }: LicenseClaims, request: string | undefined): Promise<void> {
  if (request === undefined) return;
  let asked: unknown;
  try {
    asked = readMessage(request, "request").claims["rid"];
  } catch {
    asked = undefined;
  }
  if (rid !== asked || req !== (await sha256(request)))
    throw new OlpRefused("WRONG_REQUEST", "This answers another request than the one that waits.");
}

/** Refuses a file of another device; tells which parts changed where the device fits by its parts. */
async function changedParts({ tenant }: Trust, { dev }: LicenseClaims, how: Circumstances): Promise<Warning | null> {
  const wrong = () => new OlpRefused("WRONG_DEVICE", "The file is for another device.");
  if (how.deviceKey !== undefined && dev.key !== (await thumbprint(how.deviceKey))) throw wrong();
  if (how.fingerprint !== undefined && dev.fp === (await fingerprintDigest(tenant, how.fingerprint))) return null;
  const here = await partDigests(tenant, how.components ?? []);
  const changed = dev.components.filter(({ kind, hash }) => !here.some((part) => part.kind === kind && part.hash === hash));
  if (dev.k === null || dev.components.length - changed.length < dev.k) throw wrong();
  const kinds = changed.map(({ kind }) => kind).join(", ") || "its fingerprint";
  return { code: "DEVICE_PART_CHANGED", detail: `The device fits by its parts; changed: ${kinds}.` };
}

function refuseWrongTime({ nbf, exp }: LicenseClaims, now: number, mark: number): void {
  if (now < mark - CLOCK_TOLERANCE_S)
    throw new OlpRefused("CLOCK_ROLLBACK", "The clock is earlier than a time that was seen before.");
  if (now + CLOCK_TOLERANCE_S < nbf) throw new OlpRefused("NOT_YET_VALID", "The file is not valid yet.");
  if (exp <= now) throw new OlpRefused("FILE_EXPIRED", "The file's time is over: get a newer one.");
}

type StatusList = { claims: StatusClaims; text: string };

async function newestStatus(
  trust: Trust,
  keyset: KeysetClaims,
  given: readonly (OlpMessage<"status"> | undefined)[],
  kept: string | null,
): Promise<StatusList | undefined> {
  const lists: StatusList[] = [];
  for (const message of given) if (message) lists.push({ claims: await signedBy(trust, keyset, message), text: message.text });
  if (kept !== null) {
    try {
      lists.push({ claims: await signedBy(trust, keyset, readMessage(kept, "status")), text: kept });
    } catch (error) {
      // its key was revoked since, or the state was touched: it says nothing any more
      if (!(error instanceof OlpRefused)) throw error;
    }
  }
  return lists.toSorted((a, b) => b.claims.seq - a.claims.seq)[0];
}

const BY_STATUS = {
  suspended: ["FILE_SUSPENDED", "suspended"],
  revoked: ["FILE_REVOKED", "revoked"],
  superseded: ["FILE_SUPERSEDED", "superseded"],
} as const;

function refuseByStatus({ st, pol }: LicenseClaims, list: StatusList | undefined, now: number): void {
  const maxAge = pol.status_max_age_s;
  if (maxAge !== null && (!list || list.claims.iat + maxAge <= now || list.claims.exp <= now))
    throw new OlpRefused("STATUS_TOO_OLD", "The license asks for a newer status list than there is.");
  const status = list ? statusAt(fromBase64url(list.claims.lst), st) : "valid";
  if (status === "valid") return;
  const [code, word] = BY_STATUS[status];
  throw new OlpRefused(code, `The vendor's status list says that this file is ${word}.`);
}
