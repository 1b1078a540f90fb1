import { OlpRefused } from "./codes.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES = new Map(Array.from(ALPHABET, (character, value) => [character.charCodeAt(0), value]));

/** Base64url without padding (RFC 4648, section 5). */
export function toBase64url(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const group = (a << 16) | (b << 8) | c;
    const shown = Math.min(3, bytes.length - i) + 1;
    for (let at = 0; at < shown; at++) text += ALPHABET.charAt((group >> (18 - 6 * at)) & 63);
  }
  return text;
}

/** The bytes of a text that is spelled as `toBase64url` spells them, and in no other way. Throws OlpRefused (`NOT_CANONICAL`). */
export function fromBase64url(text: string): Uint8Array {
  const refused = () => new OlpRefused("NOT_CANONICAL", "A part is not spelled as its bytes are.");
  if (text.length % 4 === 1) throw refused();
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let group = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const value = VALUES.get(text.charCodeAt(i));
    if (value === undefined) throw refused();
    group = ((group << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = (group >> bits) & 255;
    }
  }
  // what is left over encodes nothing, so only zeros are the one spelling
  if ((group & ((1 << bits) - 1)) !== 0) throw refused();
  return bytes;
}

/** Whether the text is the one spelling of `length` bytes (any number where it is left out). */
export function isBase64url(text: unknown, length?: number): text is string {
  if (typeof text !== "string" || !/^[A-Za-z0-9_-]*$/.test(text)) return false;
  try {
    const bytes = fromBase64url(text);
    return length === undefined || bytes.length === length;
  } catch {
    return false;
  }
}
