import { toBase64url } from "#rules/licensing/olp/base64url";
import { thumbprint } from "./crypto.ts";

// What a device signs with. Apart from the verifier, which signs nothing.

const utf8 = new TextEncoder();
const ED25519 = { name: "Ed25519" };

/** A key pair of a device: both halves in base64url. The private one never leaves the device. */
export type DeviceKey = { x: string; d: string };

/** A fresh key pair. */
export async function newKey(): Promise<DeviceKey> {
  const pair = (await crypto.subtle.generateKey(ED25519, true, ["sign", "verify"])) as CryptoKeyPair;
  return halvesOf(pair.privateKey);
}

/** The key pair whose private half is these 32 bytes. */
export async function keyFromSeed(seed: Uint8Array): Promise<DeviceKey> {
  // PKCS #8 of an Ed25519 key (RFC 8410) is this and the 32 bytes
  const prefix = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
  const key = await crypto.subtle.importKey("pkcs8", Uint8Array.from([...prefix, ...seed]), ED25519, true, ["sign"]);
  return halvesOf(key);
}

async function halvesOf(key: CryptoKey): Promise<DeviceKey> {
  const { x = "", d = "" } = (await crypto.subtle.exportKey("jwk", key)) as { x?: string; d?: string };
  return { x, d };
}

/** The signature of a text, in base64url. */
export async function sign({ x, d }: DeviceKey, text: string): Promise<string> {
  const key = await crypto.subtle.importKey("jwk", { kty: "OKP", crv: "Ed25519", x, d }, ED25519, false, ["sign"]);
  return toBase64url(new Uint8Array(await crypto.subtle.sign(ED25519, key, utf8.encode(text))));
}

/** 32 bytes derived from a text (HKDF-SHA-256, 32 zero bytes of salt). */
export async function derive(text: string, info: string): Promise<Uint8Array> {
  const base = await crypto.subtle.importKey("raw", utf8.encode(text), "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: utf8.encode(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(how, base, 256));
}

/** Random bytes, in base64url. */
export const randomText = (length: number) => toBase64url(crypto.getRandomValues(new Uint8Array(length)));

/** A compact JWS over claims. */
export async function signMessage(key: DeviceKey, typ: string, claims: object): Promise<string> {
  const encode = (part: object) => toBase64url(utf8.encode(JSON.stringify(part)));
  const signed = `${encode({ alg: "EdDSA", kid: await thumbprint(key.x), typ })}.${encode(claims)}`;
  return `${signed}.${await sign(key, signed)}`;
}
