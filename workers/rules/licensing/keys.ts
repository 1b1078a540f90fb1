/** Crockford's base32: no I, L, O (taken for 1, 1, 0) and no U. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUP = 4;

/** How many groups of four a key may have: 5 give 95 random bits; beyond 7 the check character could repeat a weight. */
export const KEY_GROUPS = { min: 5, max: 7 } as const;
/** How many random bits every key of our making has at least. */
export const ISSUED_KEY_BITS = 95;
/** The longest prefix before a key. */
export const KEY_PREFIX_MAX = 12;

/** How a template wants its keys: `PREFIX-` before them (A to Z, 0 to 9), and how many groups of four. */
export type KeyFormat = { prefix: string | null; groups: number };
export const DEFAULT_KEY_FORMAT: KeyFormat = { prefix: null, groups: KEY_GROUPS.min };

/** How many random bytes a key of this format takes: one for each character but the check character. */
export function keyBytes(format: KeyFormat = DEFAULT_KEY_FORMAT): number {
  return format.groups * GROUP - 1;
}

/**
 * A license key from `keyBytes(format)` random bytes: `XXXX-XXXX-XXXX-XXXX-XXXX`, the last character checking the others.
 * Of each byte the low five bits count, which is fair because 32 divides 256. Throws RangeError on another number of bytes or a bad format.
 */
export function formatKey(random: Uint8Array | readonly number[], format: KeyFormat = DEFAULT_KEY_FORMAT): string {
  const { prefix, groups } = format;
  if (!Number.isInteger(groups) || groups < KEY_GROUPS.min || groups > KEY_GROUPS.max)
    throw new RangeError(`Not a number of groups: ${groups}`);
  if (prefix !== null && !isKeyPrefix(prefix)) throw new RangeError(`Not a key prefix: ${prefix}`);
  if (random.length !== keyBytes(format))
    throw new RangeError(`A key takes ${keyBytes(format)} random bytes, not ${random.length}`);

  const symbols = Array.from(random, (byte) => byte & 31);
  const body = inGroups([...symbols, checkSymbol(symbols)].map((symbol) => ALPHABET.charAt(symbol)).join(""));
  return prefix === null ? body : `${prefix}-${body}`;
}

/** Whether the text may stand before a key. */
export function isKeyPrefix(text: string): boolean {
  return text.length <= KEY_PREFIX_MAX && /^[A-Z0-9]+$/.test(text);
}

/**
 * What a person may have meant: any case, spaces, any dash, O for 0, I or L for 1, brought to one text; null where it cannot be a key
 * of our making. A wrong check character passes: the check serves clients, the server answers a typo like any unknown key.
 *
 * This is the text whose digest finds a key that we made. It equals the key as shown, except that a prefix is folded like the rest.
 */
export function normalForm(text: string): string | null {
  if (text.length > 200) return null;
  const folded = text
    .replace(/[\s\p{Pd}\u2212\u00ad\u200b-\u200d\u2060]/gu, "")
    .replace(/[a-z]/g, (letter) => letter.toUpperCase())
    .replaceAll("O", "0")
    .replace(/[IL]/g, "1");
  if (!/^[0-9A-Z]+$/.test(folded)) return null;
  const shortest = KEY_GROUPS.min * GROUP;
  if (folded.length < shortest || folded.length > KEY_PREFIX_MAX + KEY_GROUPS.max * GROUP) return null;
  // a prefix may hold a U, the characters after it never
  return /^[^U]+$/.test(folded.slice(-shortest)) ? inGroups(folded) : null;
}

/** The text of an imported key, matched as it is: trimmed and NFC, so that `ab-O1` and `AB-01` stay two keys. */
export function exactForm(text: string): string {
  return text.normalize("NFC").trim();
}

/**
 * The texts to digest when looking a key up. Each is marked with where the key came from, so that an imported key which happens to look like
 * ours is still matched exactly.
 */
export function lookupForms(text: string): string[] {
  const normal = normalForm(text);
  const exact = storedForm(text, "imported");
  return normal === null ? [exact] : [`issued:${normal}`, exact];
}

/** The text to digest when storing a key: one of its `lookupForms`. Throws RangeError when an issued key is not of our shape. */
export function storedForm(key: string, origin: "issued" | "imported"): string {
  if (origin === "imported") return `imported:${exactForm(key)}`;
  const normal = normalForm(key);
  if (normal === null) throw new RangeError("Not a key of our making");
  return `issued:${normal}`;
}

/** The end of a key that may be shown: four characters, fewer where they would be more than a quarter of it. */
export function last4(key: string): string {
  const characters = Array.from(exactForm(key));
  const shown = Math.min(4, Math.floor(characters.length / 4));
  return shown === 0 ? "" : characters.slice(-shown).join("");
}

/** Whether the check character fits: false means a typo for sure. For SDK, console and command line, before the server is asked. */
export function hasValidCheck(text: string, format: KeyFormat = DEFAULT_KEY_FORMAT): boolean {
  const characters = normalForm(text)?.replaceAll("-", "");
  if (characters?.length !== (format.prefix?.length ?? 0) + format.groups * GROUP) return false;
  const symbols = Array.from(characters.slice(-format.groups * GROUP), (character) => ALPHABET.indexOf(character));
  return symbols.every((symbol) => symbol >= 0) && checkSymbol(symbols.slice(0, -1)) === symbols.at(-1);
}

/**
 * The symbol that makes the weighted sum over GF(32) zero. Weights are powers of a generator, all different within 31 characters,
 * so that no substitution of one character and no swap of two leaves the sum as it was.
 */
function checkSymbol(symbols: readonly number[]): number {
  // Horner's rule: the check character itself weighs 1, its left neighbour the generator, and so on
  return symbols.reduce((sum, symbol) => timesGenerator(sum ^ symbol), 0);
}

/** Multiplies by x in GF(2)[x] / (x^5 + x^2 + 1), in which x generates all 31 elements but zero. */
function timesGenerator(element: number): number {
  const shifted = element << 1;
  return shifted & 0b100000 ? shifted ^ 0b100101 : shifted;
}

/** Groups of four, counted from the end; what is left over stands in front. */
function inGroups(characters: string): string {
  const odd = characters.length % GROUP;
  const rest = characters.slice(odd).match(/.{4}/g) ?? [];
  return [...(odd > 0 ? [characters.slice(0, odd)] : []), ...rest].join("-");
}
