import { fromBase64url, toBase64url } from "#rules/licensing/olp/base64url";
import { componentText, fingerprintText, thumbprintText } from "#rules/licensing/olp/keys";

// Hashes and signatures by WebCrypto, which browsers, Node and workerd have alike.

const utf8 = new TextEncoder();
const ED25519 = { name: "Ed25519" };

/** SHA-256 of a text, in base64url. */
export async function sha256(text: string): Promise<string> {
  return toBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8.encode(text))));
}

/** The RFC 7638 thumbprint of an Ed25519 public key in base64url. */
export const thumbprint = (x: string) => sha256(thumbprintText(x));

/** Whether a signature of a text fits a public key (base64url); false also for what is no key. */
export async function fits(x: string, signature: Uint8Array, text: string): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", fromBase64url(x), ED25519, false, ["verify"]);
    return await crypto.subtle.verify(ED25519, key, signature, utf8.encode(text));
  } catch {
    return false;
  }
}

/** A part of a device: what it is, and a hash of what tells this one apart. */
export type Part = { kind: string; hash: string };

/** A fingerprint as messages hold it. */
export const fingerprintDigest = (tenant: string, fingerprint: string) => sha256(fingerprintText(tenant, fingerprint));

/** Parts of a device as messages hold them. */
export const partDigests = (tenant: string, parts: readonly Part[]): Promise<Part[]> =>
  Promise.all(parts.map(async ({ kind, hash }) => ({ kind, hash: await sha256(componentText(tenant, kind, hash)) })));
