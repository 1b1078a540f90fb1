/** How much of an answer the log of attempts shows, in characters. */
const SHOWN = 1_000;

/** Control characters but tab and line feed: they say nothing to a reader, and stored texts must not hold them. */
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** The start of an answer as a clean text: well-formed, normalised, without control characters, and short. */
export function startOfAnswer(bytes: Buffer): string {
  const text = bytes.toString("utf8").normalize("NFC").replaceAll("\r\n", "\n").replaceAll(CONTROLS, " ");
  return Array.from(text).slice(0, SHOWN).join("");
}
