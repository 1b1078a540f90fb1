import type { KeysetClaims, KeysetKey } from "./claims.ts";
import { OlpRefused } from "./codes.ts";

/** The key that may have signed something for a product. Throws OlpRefused (`UNKNOWN_KEY`, `KEY_REVOKED`, `KEY_NOT_FOR_PRODUCT`). */
export function keyFor({ keys }: Pick<KeysetClaims, "keys">, kid: string, product: string): KeysetKey {
  const key = keys.find((each) => each.kid === kid);
  if (!key) throw new OlpRefused("UNKNOWN_KEY", "The keyset does not name the key that signed this.");
  if (key.status === "revoked") throw new OlpRefused("KEY_REVOKED", "The key that signed this was revoked.");
  if (key.products.length > 0 && !key.products.includes(product))
    throw new OlpRefused("KEY_NOT_FOR_PRODUCT", "The key that signed this is for other products.");
  return key;
}

/** Refuses what was signed outside of the key's time. Throws OlpRefused (`KEY_OUT_OF_TIME`). */
export function refuseOutOfTime({ from, until }: KeysetKey, iat: number): void {
  if (iat >= from && (until === null || iat < until)) return;
  throw new OlpRefused("KEY_OUT_OF_TIME", "The key that signed this was not in use at that time.");
}

/** The text whose SHA-256 names an Ed25519 key (RFC 7638); `x` is its public half in base64url. */
export const thumbprintText = (x: string) => `{"crv":"Ed25519","kty":"OKP","x":"${x}"}`;

/** The text whose SHA-256 stands for a fingerprint in messages. */
export const fingerprintText = (tenant: string, fingerprint: string) => `olp1-fp\n${tenant}\n${fingerprint}`;

/** The text whose SHA-256 stands for a part of a device in messages. */
export const componentText = (tenant: string, kind: string, hash: string) => `olp1-part\n${tenant}\n${kind}\n${hash}`;

/** What the proof of a request signs; `digest` is base64url of SHA-256 over the canonical payload without the proof. */
export const proofText = (tenant: string, digest: string) => `olp1-proof\n${tenant}\n${digest}`;

/** The info under which the proof's key pair is derived from a license key (HKDF-SHA-256, 32 zero bytes of salt). */
export const proofInfo = (tenant: string) => `olp1-proof|${tenant}`;
