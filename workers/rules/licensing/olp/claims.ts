import type { Entitlement, ExpirationStrategy, LicenseModel, LicenseType, RequirableInput } from "../terms.ts";
import { isBase64url } from "./base64url.ts";
import { OlpRefused } from "./codes.ts";
import type { Json, JsonObject } from "./json.ts";
import type { OlpKind, OlpMessage } from "./message.ts";

// The claims of each message as docs/olp-1.md lists them. Times are whole seconds since 1970, keys and digests base64url.

export type KeysetKey = {
  kid: string;
  x: string;
  status: "active" | "retired" | "revoked";
  /** empty = every product */
  products: string[];
  from: number;
  /** exclusive; null = no end */
  until: number | null;
};
export type KeysetClaims = { iss: string; seq: number; iat: number; exp: number; keys: KeysetKey[] };

export type FileEntitlement = Pick<Entitlement, "feature" | "enabled" | "reset"> & {
  id: string;
  limit: number | null;
  limit_type: Entitlement["limitType"];
  expires_at: number | null;
};

export type FileVersions = {
  restricted: boolean;
  /** for a version that is not listed */
  unknown: "allow" | "deny";
  listed: Record<string, { released: number | null; allowed: boolean }>;
};

export type LicenseClaims = {
  iss: string;
  aud: string;
  sub: string;
  jti: string;
  act: string;
  iat: number;
  nbf: number;
  exp: number;
  seq: number;
  rid: string;
  req: string;
  product: string;
  lic: {
    type: LicenseType;
    model: LicenseModel;
    starts_at: number;
    expires_at: number | null;
    grace_until: number | null;
    maintenance_until: number | null;
    expiration_strategy: ExpirationStrategy;
    requires: RequirableInput[];
  };
  ent: FileEntitlement[];
  ver: FileVersions | null;
  dev: { fp: string; components: { kind: string; hash: string }[]; k: number | null; key: string; user: string | null };
  st: number;
  pol: { status_max_age_s: number | null };
};

export type StatusClaims = { iss: string; aud: string; seq: number; iat: number; exp: number; lst: string };

export type RequestClaims = {
  iss: string;
  aud: string;
  rid: string;
  action: "activate" | "refresh";
  iat: number;
  fp: string;
  components: { kind: string; hash: string }[];
  key: string;
  last_seq: number;
  counters: Record<string, number>;
  name: string | null;
  platform: string | null;
  app_version: string | null;
  user: string | null;
  proof: { x: string; sig: string };
};

export type ReceiptClaims = {
  iss: string;
  aud: string;
  sub: string;
  act: string;
  file: string;
  seq: number;
  fp: string;
  iat: number;
  counters: Record<string, number>;
  rid: string;
};

export type OlpClaims = {
  keyset: KeysetClaims;
  license: LicenseClaims;
  emergency: LicenseClaims;
  status: StatusClaims;
  request: RequestClaims;
  receipt: ReceiptClaims;
};

/** How long an emergency may last, in seconds. */
export const EMERGENCY_S = 24 * 3600;

type Check = (value: Json | undefined) => boolean;

const text: Check = (value) => typeof value === "string";
const count: Check = (value) => typeof value === "number" && value >= 0;
const flag: Check = (value) => typeof value === "boolean";
const bytes32: Check = (value) => isBase64url(value, 32);
const bytes16: Check = (value) => isBase64url(value, 16);
const bytes64: Check = (value) => isBase64url(value, 64);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const oneOf =
  (...values: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && values.includes(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const object =
  (members: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) &&
    Object.entries(members).every(([name, check]) => check(Object.hasOwn(value, name) ? value[name] : undefined));
const mapOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);

const parts = listOf(object({ kind: text, hash: text }));

const LICENSE = object({
  iss: text,
  aud: text,
  sub: text,
  jti: text,
  act: text,
  iat: count,
  nbf: count,
  exp: count,
  seq: count,
  rid: text,
  req: text,
  product: text,
  lic: object({
    type: text,
    model: text,
    starts_at: count,
    expires_at: orNull(count),
    grace_until: orNull(count),
    maintenance_until: orNull(count),
    expiration_strategy: oneOf("restrict", "maintain", "allow"),
    requires: listOf(oneOf("fingerprint", "product", "version", "domain", "user")),
  }),
  ent: listOf(
    object({
      feature: text,
      id: text,
      enabled: flag,
      limit: orNull(count),
      limit_type: oneOf("count", "size", "duration", "bandwidth"),
      reset: oneOf("never", "day", "month", "year"),
      expires_at: orNull(count),
    }),
  ),
  ver: orNull(
    object({
      restricted: flag,
      unknown: oneOf("allow", "deny"),
      listed: mapOf(object({ released: orNull(count), allowed: flag })),
    }),
  ),
  dev: object({ fp: text, components: parts, k: orNull(count), key: text, user: orNull(text) }),
  st: count,
  pol: object({ status_max_age_s: orNull(count) }),
});

const CHECKS: Record<OlpKind, Check> = {
  keyset: object({
    iss: text,
    seq: count,
    iat: count,
    exp: count,
    keys: listOf(
      object({
        kid: text,
        x: bytes32,
        status: oneOf("active", "retired", "revoked"),
        products: listOf(text),
        from: count,
        until: orNull(count),
      }),
    ),
  }),
  license: LICENSE,
  emergency: (claims) => LICENSE(claims) && isObject(claims) && Number(claims["exp"]) <= Number(claims["iat"]) + EMERGENCY_S,
  status: object({ iss: text, aud: text, seq: count, iat: count, exp: count, lst: (value) => isBase64url(value) }),
  request: object({
    iss: text,
    aud: text,
    rid: bytes16,
    action: oneOf("activate", "refresh"),
    iat: count,
    fp: bytes32,
    components: parts,
    key: bytes32,
    last_seq: count,
    counters: mapOf(count),
    name: orNull(text),
    platform: orNull(text),
    app_version: orNull(text),
    user: orNull(text),
    proof: object({ x: bytes32, sig: bytes64 }),
  }),
  receipt: object({
    iss: text,
    aud: text,
    sub: text,
    act: text,
    file: text,
    seq: count,
    fp: bytes32,
    iat: count,
    counters: mapOf(count),
    rid: bytes16,
  }),
};

/** The claims of a message, which are what a message of its kind has to hold. Throws OlpRefused (`INVALID_CLAIMS`). */
export function claimsOf<Kind extends OlpKind>(message: OlpMessage<Kind>): OlpClaims[Kind] {
  if (!CHECKS[message.kind](message.claims))
    throw new OlpRefused("INVALID_CLAIMS", `A claim of the ${message.kind} is missing, or not what it has to be.`);
  // checked member by member just now; what is more is ignored
  return message.claims as unknown as OlpClaims[Kind];
}
