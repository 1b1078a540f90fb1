import { type SipKey, sipHash } from "#rules/siphash";

let secret: SipKey | undefined;

/**
 * What a question is kept under in this isolate: a keyed hash under a secret that the isolate drew by lot, so that what a program sent (API key,
 * license key, fingerprint) is neither kept nor can be found out by what it falls together with. It is asked for by every request, so it
 * is one that waits for nothing.
 */
export function questionKey(parts: readonly string[]): string {
  secret ??= [...crypto.getRandomValues(new Int32Array(4))] as unknown as SipKey;
  // lengths stand before the parts, so that no two questions are one text
  let text = "";
  for (const part of parts) text += `${part.length}:${part}`;
  return sipHash(text, secret);
}
