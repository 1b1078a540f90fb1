/** The least that an imported key must be worth. */
export const LEAST_KEY_BITS = 64;

/**
 * How many bits of guessing a key of unknown making is worth at most: its characters, separators aside, each worth the alphabet it seems to be
 * drawn from. A word or a number within the key is worth only letters or digits; what repeats or counts on (`AAAA`, `1234`, a block said twice)
 * one bit a character. It finds keys that are surely weak, and cannot see how a strong-looking one was made.
 */
export function estimatedBits(key: string): number {
  const parts = key.normalize("NFC").split(/[\s\p{Pd}_.:/]+/u);
  const characters = Array.from(parts.join(""));
  const runs = parts.flatMap(bitsByRun);
  const distinct = new Set(characters).size;
  // where few characters take turns, each tells only which of the few it is
  const most = Math.log2(distinct * 2 < characters.length ? distinct : alphabetOf(characters.join("")));
  const fresh = freshness(characters);
  return Math.floor(characters.reduce((sum, _, index) => sum + (fresh[index] ? Math.min(most, runs[index] ?? most) : 1), 0));
}

/** The size of the smallest usual alphabet that holds all of a text. */
function alphabetOf(text: string): number {
  if (/^[0-9]*$/.test(text)) return 10;
  if (/^(?:[0-9a-f]*|[0-9A-F]*)$/.test(text)) return 16;
  if (/^(?:[a-z]*|[A-Z]*)$/.test(text)) return 26;
  if (/^(?:[0-9a-z]*|[0-9A-Z]*)$/.test(text)) return 32;
  return /^[0-9A-Za-z]*$/.test(text) ? 62 : 94;
}

/** What each character of a part is worth as one of a run of at least three digits, or letters of one case; no bound where it is in none. */
function bitsByRun(part: string): number[] {
  const runs = part.match(/[0-9]{3,}|[a-z]{3,}|[A-Z]{3,}|./gsu) ?? [];
  return runs.flatMap((run) => Array.from(run, () => (run.length < 3 ? Infinity : Math.log2(/^[0-9]/.test(run) ? 10 : 26))));
}

/** Whether each character neither repeats nor counts on from the one before, nor says again what the text said one period earlier. */
function freshness(characters: readonly string[]): boolean[] {
  const period = periodOf(characters);
  return characters.map((character, index) => {
    const before = characters[index - 1]?.codePointAt(0);
    const step = before === undefined ? Infinity : Math.abs((character.codePointAt(0) ?? 0) - before);
    return index < period && step > 1;
  });
}

/** The length of the block that the whole text repeats; its own length where it repeats none. */
function periodOf(characters: readonly string[]): number {
  for (let period = 1; period < characters.length; period++) {
    if (characters.every((character, index) => index < period || character === characters[index - period])) return period;
  }
  return characters.length;
}
