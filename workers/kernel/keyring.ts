/** Versioned secrets, `1=<base64url 32 bytes>[,2=…]`: the highest number is current, the others still read what they wrote. */
export type Keyring = { current: number; versions: ReadonlyMap<number, Uint8Array> };

const parsed = new Map<string, Keyring>();

/**
 * Reads a keyring from its variable. Parsed once per text, since every request asks.
 * Throws an Error that names the variable when it is missing or malformed.
 */
export function keyring(name: string, text: string | undefined): Keyring {
  const known = parsed.get(text ?? "");
  if (known) return known;
  const ring = parseKeyring(name, text ?? "");
  parsed.set(text ?? "", ring);
  return ring;
}

/** The same for a keyring that is no variable, and so is not remembered. */
export function parseKeyring(name: string, text: string): Keyring {
  const versions = new Map<number, Uint8Array>();
  for (const entry of text.split(",")) {
    const [, version, secret] = /^\s*([1-9]\d*)=([A-Za-z0-9_-]{43})=?\s*$/.exec(entry) ?? [];
    if (version && secret) versions.set(Number(version), fromBase64url(secret));
    else
      throw new Error(
        `${name} must read 1=<32 bytes in base64url>[,2=…]; make one with: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='`,
      );
  }
  return { current: Math.max(...versions.keys()), versions };
}

/** The secret of one version; an unknown one means that a key was dropped while something it sealed is still kept. */
export function keyOf(ring: Keyring, version: number): Uint8Array {
  const key = ring.versions.get(version);
  if (!key) throw new Error(`Key version ${version} is no longer in the keyring`);
  return key;
}

/** Bytes in base64url without padding (RFC 4648, section 5). */
export function base64url(bytes: Uint8Array): string {
  if (hasToBase64(bytes)) return bytes.toBase64(BASE64URL);
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const BASE64URL = { alphabet: "base64url", omitPadding: true } as const;

type WithToBase64 = { toBase64(options: { alphabet: "base64url"; omitPadding: boolean }): string };

/** Engines of today do it themselves, many times as fast; Node 24 does not yet. */
const hasToBase64 = (bytes: object): bytes is WithToBase64 => "toBase64" in bytes;

/** The bytes of a base64url text; throws on anything else. */
export function fromBase64url(text: string): Uint8Array {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
