import type { KeysetClaims, LicenseClaims, StatusClaims } from "#rules/licensing/olp/claims";
import { statusList, type FileStatus } from "#rules/licensing/olp/status";
import type { State } from "../../sdk/verifier/verify.ts";
import { fingerprintDigest, partDigests, sha256, thumbprint } from "../../sdk/verifier/crypto.ts";
import { keyOf, signed, type Odd } from "./signed.ts";

export const TENANT = "ten_00vectors";
export const PRODUCT = "prod_00editor";
export const CODE = "editor";
export const ACTIVATION = "act_00device";
export const FINGERPRINT = "b1946ac92492d2347c6235b4d2611184";
export const DAY = 24 * 3600;
/** When the license file of most cases was made. */
export const T0 = 1_800_000_000;
/** When most cases are judged. */
export const NOW = T0 + 3600;

export const roots = { current: await keyOf(1), next: await keyOf(2), foreign: await keyOf(3) };
export const keys = { first: await keyOf(11), second: await keyOf(12), third: await keyOf(13), foreign: await keyOf(14) };
export const device = { own: await keyOf(21), other: await keyOf(22) };

export const PARTS = [
  { kind: "board", hash: "board-1" },
  { kind: "disk", hash: "disk-1" },
  { kind: "cpu", hash: "cpu-1" },
];

/** A signing key as a keyset names it; the first one, in use since long before, unless said otherwise. */
export async function named(
  over: Partial<KeysetClaims["keys"][number]> = {},
  key = keys.first,
): Promise<KeysetClaims["keys"][number]> {
  return {
    kid: await thumbprint(key.x),
    x: key.x,
    status: "active",
    products: [],
    from: T0 - 100 * DAY,
    until: null,
    ...over,
  };
}

export async function keyset(over: Partial<KeysetClaims> = {}, odd: Odd = {}, root = roots.current): Promise<string> {
  return signed(root, "keyset", { ...(await keysetClaims()), ...over }, odd);
}

export const keysetClaims = async (): Promise<KeysetClaims> => ({
  iss: TENANT,
  seq: 3,
  iat: T0 - DAY,
  exp: T0 + 700 * DAY,
  keys: [await named()],
});

export const licenseClaims = async (): Promise<LicenseClaims> => ({
  iss: TENANT,
  aud: PRODUCT,
  sub: "lic_00license",
  jti: "file-1",
  act: ACTIVATION,
  iat: T0,
  nbf: T0,
  exp: T0 + 30 * DAY,
  seq: 5,
  rid: "AAAAAAAAAAAAAAAAAAAAAA",
  req: await sha256("a request"),
  product: CODE,
  lic: {
    type: "subscription",
    model: "per_device",
    starts_at: T0 - 10 * DAY,
    expires_at: T0 + 20 * DAY,
    grace_until: T0 + 25 * DAY,
    maintenance_until: null,
    expiration_strategy: "restrict",
    requires: [],
  },
  ent: [
    { feature: "export", id: "fea_00export", enabled: true, limit: null, limit_type: "count", reset: "never", expires_at: null },
    { feature: "print", id: "fea_00print", enabled: true, limit: 0, limit_type: "count", reset: "month", expires_at: null },
    { feature: "cloud", id: "fea_00cloud", enabled: false, limit: null, limit_type: "size", reset: "never", expires_at: null },
    { feature: "beta", id: "fea_00beta", enabled: true, limit: 5, limit_type: "count", reset: "day", expires_at: T0 + DAY },
  ],
  ver: null,
  dev: {
    fp: await fingerprintDigest(TENANT, FINGERPRINT),
    components: await partDigests(TENANT, PARTS),
    k: null,
    key: await thumbprint(device.own.x),
    user: null,
  },
  st: 5,
  pol: { status_max_age_s: null },
});

/** Changes of the license's claims; of those that are objects a part may be given. */
export type Over = Partial<Omit<LicenseClaims, "lic" | "dev" | "pol">> & {
  lic?: Partial<LicenseClaims["lic"]>;
  dev?: Partial<LicenseClaims["dev"]>;
  pol?: LicenseClaims["pol"];
};

export async function license(over: Over = {}, odd: Odd = {}, key = keys.first, kind = "license"): Promise<string> {
  const right = await licenseClaims();
  const claims = { ...right, ...over, lic: { ...right.lic, ...over.lic }, dev: { ...right.dev, ...over.dev } };
  return signed(key, kind, claims, odd);
}

export async function statuses(
  entries: readonly (readonly [number, FileStatus])[],
  over: Partial<StatusClaims> = {},
  odd: Odd = {},
  key = keys.first,
): Promise<string> {
  const lst = Buffer.from(statusList(64, entries)).toString("base64url");
  return signed(key, "status", { iss: TENANT, aud: PRODUCT, seq: 7, iat: T0, exp: T0 + 7 * DAY, lst, ...over }, odd);
}

/** The file of most cases. */
export const file = async (over: Over = {}) => `${await keyset()}~${await license(over)}`;

/** What is kept after the file of most cases was taken at `now`. */
export const stateAfter = (over: Partial<State> = {}): State => ({
  keyset_seq: 3,
  files: { [ACTIVATION]: 5 },
  newest_iat: T0,
  highest_time: NOW,
  status: null,
  ...over,
});
