import { base32 } from "#rules/ids";
import { newDigest, randomBytes } from "./crypto.ts";
import type { Keyring } from "./keyring.ts";

/** `op` operator, `sk` secret, `pk` publishable; live and test keys of a tenant belong to two tenants. */
export type ApiKeyKind = "op" | "sk_live" | "sk_test" | "pk_live" | "pk_test";

/** A new API key: prefix, shard, 160 random bits and seven check characters (CRC-32), so that scanners and typos are told apart from keys. */
export function newApiKey(kind: ApiKeyKind, shard: string): { text: string; last4: string } {
  const body = `lk_${kind}_${shard}${base32(randomBytes(20))}`;
  const text = body + checkOf(body);
  return { text, last4: text.slice(-4) };
}

const API_KEY = /^lk_(op|sk_live|sk_test|pk_live|pk_test)_([0-9a-z]{2})[0-9a-hjkmnp-tv-z]{39}$/;

/** Reads kind and shard of a text that could be a key of ours; undefined for anything else, before any database is asked. */
export function parseApiKey(text: string): { kind: ApiKeyKind; shard: string } | undefined {
  const match = API_KEY.exec(text);
  if (!match || checkOf(text.slice(0, -7)) !== text.slice(-7)) return undefined;
  return { kind: match[1] as ApiKeyKind, shard: match[2] as string };
}

/** What is stored of an API key. */
export async function apiKeyDigest(peppers: Keyring, text: string): Promise<string> {
  return newDigest(peppers, "api_key", text);
}

/** CRC-32 (IEEE) in seven base32 characters. */
function checkOf(text: string): string {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) crc = (crc >>> 8) ^ (CRC_OF_BYTE[(crc ^ text.charCodeAt(i)) & 255] ?? 0);
  const value = ~crc >>> 0;
  return base32(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value));
}

/** The CRC of each byte, worked out once: every request brings a key. */
const CRC_OF_BYTE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  return crc;
});
