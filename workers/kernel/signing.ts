import { thumbprintText } from "#rules/licensing/olp/keys";
import { sha256Url } from "./crypto.ts";
import { base64url, fromBase64url } from "./keyring.ts";

export type PublicJwk = { kty: "OKP"; crv: "Ed25519"; x: string };

/** A new Ed25519 key pair: the public half as JWK, the private one as PKCS #8 in base64url, named by its RFC 7638 thumbprint. */
export async function newSigningKey(): Promise<{ kid: string; publicJwk: PublicJwk; privateKey: string }> {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  const { x } = (await crypto.subtle.exportKey("jwk", pair.publicKey)) as { x: string };
  const pkcs8 = (await crypto.subtle.exportKey("pkcs8", pair.privateKey)) as ArrayBuffer;
  return { kid: await thumbprint(x), publicJwk: { kty: "OKP", crv: "Ed25519", x }, privateKey: base64url(new Uint8Array(pkcs8)) };
}

/** A new Ed25519 key pair for a device, the private half as JWK: it is handed out, and nothing of it is kept. */
export async function newDeviceKey() {
  const { privateKey } = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  const { x, d } = (await crypto.subtle.exportKey("jwk", privateKey)) as { x: string; d: string };
  return { privateKey, jwk: { kty: "OKP" as const, crv: "Ed25519" as const, x, d } };
}

/** The thumbprint of an Ed25519 key (RFC 7638: SHA-256 over its required members in order). */
export const thumbprint = (x: string): Promise<string> => sha256Url(thumbprintText(x));

const utf8 = new TextEncoder();

/** Signs claims as a compact JWS (RFC 7515) with EdDSA. */
export async function signJws(
  privateKey: CryptoKey,
  header: { kid: string; typ: string },
  claims: Record<string, unknown>,
): Promise<string> {
  return signJwsText(privateKey, jwsHead(header), JSON.stringify(claims));
}

/** The first part of a compact JWS: the same for everything that a key signs under one type. */
export const jwsHead = (header: { kid: string; typ: string }): string =>
  base64url(utf8.encode(JSON.stringify({ alg: "EdDSA", ...header })));

/** Signs claims that are JSON already, under a head of `jwsHead`. */
export async function signJwsText(privateKey: CryptoKey, head: string, claims: string): Promise<string> {
  const signed = `${head}.${base64url(bytesOf(claims))}`;
  const signature = await crypto.subtle.sign("Ed25519", privateKey, bytesOf(signed));
  return `${signed}.${base64url(new Uint8Array(signature))}`;
}

/** The Ed25519 signature over a text, in base64url. */
export async function signText(privateKey: CryptoKey, text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.sign("Ed25519", privateKey, bytesOf(text))));
}

const scratch = new Uint8Array(16 * 1024);

/** A text as bytes that stand until the next ones are asked for: what is signed is copied when it is handed over. */
function bytesOf(text: string): Uint8Array {
  const { read, written } = utf8.encodeInto(text, scratch);
  return read === text.length ? scratch.subarray(0, written) : utf8.encode(text);
}

/** What stands before the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410). */
const PKCS8_OF_SEED = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32);

/** The Ed25519 key pair that a secret text leads to (HKDF-SHA-256, RFC 5869; `info` keeps uses apart): always the same one. */
export async function derivedKey(secret: string, info: string): Promise<{ x: string; privateKey: CryptoKey }> {
  const base = await crypto.subtle.importKey("raw", utf8.encode(secret), "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: utf8.encode(info) };
  const seed = new Uint8Array(await crypto.subtle.deriveBits(how, base, 256));
  const pkcs8 = new Uint8Array([...PKCS8_OF_SEED, ...seed]);
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "Ed25519" }, true, ["sign"]);
  const { x } = (await crypto.subtle.exportKey("jwk", privateKey)) as { x: string };
  return { x, privateKey };
}

/** Imports a private key as `newSigningKey` made it. */
export async function importPrivateKey(pkcs8: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", fromBase64url(pkcs8), { name: "Ed25519" }, false, ["sign"]);
}

/** Whether a signature over a text was made by the holder of an Ed25519 key; `x` is its public half in base64url. */
export async function isSignedBy(x: string, signature: Uint8Array, text: string): Promise<boolean> {
  const key = await crypto.subtle.importKey("raw", fromBase64url(x), { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, key, signature, utf8.encode(text));
}
