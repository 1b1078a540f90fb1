import { base64url, fromBase64url, keyOf, type Keyring } from "./keyring.ts";

const utf8 = new TextEncoder();

export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** SHA-256 in lower-case hex. */
export async function sha256Hex(text: string | Uint8Array): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", typeof text === "string" ? utf8.encode(text) : text));
}

/** SHA-256 in base64url. */
export async function sha256Url(text: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8.encode(text))));
}

export function hex(bytes: ArrayBuffer | Uint8Array): string {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += byte.toString(16).padStart(2, "0");
  return text;
}

const hmacKeys = new WeakMap<Uint8Array, Promise<CryptoKey>>();

/** HMAC-SHA-256. The imported key is remembered per secret: importing costs as much as signing. */
export async function hmac(secret: Uint8Array, text: string): Promise<Uint8Array> {
  let key = hmacKeys.get(secret);
  if (!key) {
    key = crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    hmacKeys.set(secret, key);
  }
  return new Uint8Array(await crypto.subtle.sign("HMAC", await key, utf8.encode(text)));
}

/** A keyed digest as it is stored: `<version>.<base64url>`. `purpose` keeps digests of different things apart. */
export async function digest(ring: Keyring, version: number, purpose: string, text: string): Promise<string> {
  return `${version}.${base64url(await hmac(keyOf(ring, version), `${purpose}\n${text}`))}`;
}

/** The digests of a text under every pepper that is still in use: what a lookup asks for. */
export async function digests(ring: Keyring, purpose: string, text: string): Promise<string[]> {
  return Promise.all([...ring.versions.keys()].map((version) => digest(ring, version, purpose, text)));
}

/** The digest under the current pepper: what a new row stores. */
export async function newDigest(ring: Keyring, purpose: string, text: string): Promise<string> {
  return digest(ring, ring.current, purpose, text);
}

/** Where a sealed value stands, `tenant|table|row|column`: sealed text moved to another place does not open. */
export type Place = readonly [tenant: string, table: string, row: string, column: string];

/** Seals a text with AES-256-GCM under the current key of a keyring: `<version>.<base64url of iv and ciphertext>`. */
export async function seal(ring: Keyring, place: Place, text: string): Promise<string> {
  return `${ring.current}.${await sealWith(await aesKey(keyOf(ring, ring.current), "seal"), place, text)}`;
}

/** Opens what `seal` made. Throws when the key is gone, the text was changed, or it stands in another place. */
export async function unseal(ring: Keyring, place: Place, sealed: string): Promise<string> {
  const dot = sealed.indexOf(".");
  const key = await aesKey(keyOf(ring, Number(sealed.slice(0, dot))), "seal");
  return unsealWith(key, place, sealed.slice(dot + 1));
}

/** An AES key for one purpose out of a secret (HKDF-SHA-256, RFC 5869). */
export async function aesKey(secret: Uint8Array, info: string): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: utf8.encode(info) };
  return crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/** AES-GCM with a fresh 96-bit iv; the place is authenticated with the text. */
export async function sealWith(key: CryptoKey, place: Place, text: string): Promise<string> {
  const iv = randomBytes(12);
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: utf8.encode(place.join("|")) },
    key,
    utf8.encode(text),
  );
  const both = new Uint8Array(12 + sealed.byteLength);
  both.set(iv);
  both.set(new Uint8Array(sealed), 12);
  return base64url(both);
}

export async function unsealWith(key: CryptoKey, place: Place, sealed: string): Promise<string> {
  const both = fromBase64url(sealed);
  const how = { name: "AES-GCM", iv: both.subarray(0, 12), additionalData: utf8.encode(place.join("|")) };
  return new TextDecoder().decode(await crypto.subtle.decrypt(how, key, both.subarray(12)));
}

/** Compares two texts in a time that depends only on their lengths. */
export function equalInConstantTime(a: string, b: string): boolean {
  const left = utf8.encode(a);
  const right = utf8.encode(b);
  return left.byteLength === right.byteLength && crypto.subtle.timingSafeEqual(left, right);
}
