import { hmac, randomBytes } from "../crypto.ts";

let secret: Uint8Array | undefined;

/**
 * What a question is kept under in this isolate: an HMAC-SHA-256 under a secret that the isolate made itself, so that what a program sent
 * (API key, license key, fingerprint) is neither kept nor can be found out by what it falls together with.
 */
export async function questionKey(...parts: readonly string[]): Promise<string> {
  secret ??= randomBytes(32);
  // lengths stand before the parts, so that no two questions are one text
  let text = "";
  for (const part of parts) text += `${part.length}:${part}`;
  const bytes = await hmac(secret, text);
  let key = "";
  for (let i = 0; i < 24; i++) key += String.fromCharCode(bytes[i] as number);
  return key;
}
