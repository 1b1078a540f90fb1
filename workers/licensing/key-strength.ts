/** The least that an imported key must be worth. */
export const LEAST_KEY_BITS = 64;

/**
 * How many bits of guessing a key of unknown making is worth at most: its characters, separators aside, each worth the alphabet it seems to be
 * drawn from. What only repeats or counts on (`AAAA`, `1234`, a block said twice) is worth one bit a character.
 * An estimate from above: it finds keys that are surely weak, and cannot see how a strong-looking one was made.
 */
export function estimatedBits(key: string): number {
  const characters = Array.from(key.normalize("NFC")).filter((character) => !/[\s\p{Pd}_.:/]/u.test(character));
  const distinct = new Set(characters).size;
  // where few characters take turns, each tells only which of the few it is
  const each = Math.log2(distinct * 2 < characters.length ? distinct : alphabetOf(characters));
  const fresh = freshCharacters(characters);
  return Math.floor(fresh * each + (characters.length - fresh));
}

/** The size of the smallest usual alphabet that holds all the characters. */
function alphabetOf(characters: readonly string[]): number {
  const text = characters.join("");
  if (/^[0-9]*$/.test(text)) return 10;
  if (/^(?:[0-9a-f]*|[0-9A-F]*)$/.test(text)) return 16;
  if (/^(?:[a-z]*|[A-Z]*)$/.test(text)) return 26;
  if (/^(?:[0-9a-z]*|[0-9A-Z]*)$/.test(text)) return 32;
  return /^[0-9A-Za-z]*$/.test(text) ? 62 : 94;
}

/** How many characters neither repeat nor count on from the one before, and do not say again what the text said one period earlier. */
function freshCharacters(characters: readonly string[]): number {
  const period = periodOf(characters);
  let fresh = 0;
  for (const [index, character] of characters.entries()) {
    const before = characters[index - 1]?.codePointAt(0);
    const step = before === undefined ? Infinity : Math.abs((character.codePointAt(0) ?? 0) - before);
    if (index < period && step > 1) fresh++;
  }
  return fresh;
}

/** The length of the block that the whole text repeats; its own length where it repeats none. */
function periodOf(characters: readonly string[]): number {
  for (let period = 1; period < characters.length; period++) {
    if (characters.every((character, index) => index < period || character === characters[index - period])) return period;
  }
  return characters.length;
}
