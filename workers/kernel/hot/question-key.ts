import { base64url } from "../keyring.ts";
import { randomBytes } from "../crypto.ts";

const HMAC = { name: "HMAC", hash: "SHA-256" };
const utf8 = new TextEncoder();
let secret: Promise<CryptoKey> | undefined;
let opened: CryptoKey | undefined;

/**
 * What a question is kept under in this isolate: an HMAC-SHA-256 under a secret that the isolate made itself, so that what a program sent
 * (API key, license key, fingerprint) is neither kept nor can be found out by what it falls together with.
 */
export async function questionKey(...parts: readonly string[]): Promise<string> {
  // waited for only until it is there: what every request passes through is kept short
  opened ??= await (secret ??= crypto.subtle.importKey("raw", randomBytes(32), HMAC, false, ["sign"]));
  // lengths stand before the parts, so that no two questions are one text
  let text = "";
  for (const part of parts) text += `${part.length}:${part}`;
  return base64url(new Uint8Array(await crypto.subtle.sign("HMAC", opened, utf8.encode(text))));
}
