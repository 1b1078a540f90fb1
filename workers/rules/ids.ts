/** Every kind of object and the prefix that its ids carry; the list is closed. */
export const ID_PREFIXES = {
  tenant: "ten",
  api_key: "key",
  operator_key: "opk",
  product: "prod",
  feature: "fea",
  template: "tpl",
  license: "lic",
  activation: "act",
  order: "ord",
  plan: "pln",
  price: "prc",
  coupon: "cpn",
  subscription: "sub",
  invoice: "inv",
  credit_note: "cn",
  credit: "crd",
  payment_method: "pm",
  refund: "ref",
  dispute: "dsp",
  payout: "pyo",
  tax_rate: "tax",
  vat_check: "vat",
  legal_entity: "len",
  reconciliation: "rec",
  payment: "pay",
  payment_provider: "prv",
  customer: "cus",
  event: "evt",
  webhook_endpoint: "whe",
  delivery: "del",
  attempt: "att",
  notice: "ntc",
  decision: "dec",
  license_transfer: "trf",
  license_file: "lfi",
  emergency_code: "emc",
  blacklist_entry: "blk",
  security_report: "srp",
  integrity_check: "ick",
  operation: "op",
  usage_alert: "usg",
  reservation: "rsv",
  test_clock: "clk",
  story: "sto",
  lifecycle_run: "lcr",
} as const;

export type Noun = keyof typeof ID_PREFIXES;

/** Crockford's base32 in lower case: sorts as its numbers do, and has no letters that are mistaken for digits. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Lower-case Crockford base32 of bytes, five bits a character, most significant first; spare low bits are zero. */
export function base32(bytes: Uint8Array): string {
  let text = "";
  let pending = 0;
  let bits = 0;
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    bits += 8;
    // two characters at a time, as almost every id is made of them
    if (bits >= 10) {
      bits -= 10;
      text += PAIRS[(pending >> bits) & 1023];
    }
    pending &= (1 << bits) - 1;
  }
  if (bits >= 5) {
    bits -= 5;
    text += ALPHABET[(pending >> bits) & 31];
  }
  if (bits > 0) text += ALPHABET[(pending << (5 - bits)) & 31];
  return text;
}

/** Every two characters of it, by the ten bits that they stand for. */
const PAIRS = Array.from({ length: 1024 }, (_, bits) => `${ALPHABET[bits >> 5]}${ALPHABET[bits & 31]}`);

/** The ten characters that make an id sort by the millisecond it was made in (48 bits, as in ULID). */
export function timePart(at: Date): string {
  let ms = at.getTime();
  let text = "";
  for (let i = 0; i < 5; i++) {
    text = PAIRS[ms % 1024] + text;
    ms = Math.floor(ms / 1024);
  }
  return text;
}

/** The millisecond in which the thing that an id names was made; undefined when the text is no id of ours. */
export function madeAt(id: string): Date | undefined {
  if (!ID.test(id)) return undefined;
  const from = id.indexOf("_") + 3;
  const letters = Array.from(id.slice(from, from + 10), (letter) => ALPHABET.indexOf(letter));
  return new Date(letters.reduce((sum, value) => sum * 32 + value, 0));
}

/** An id from its parts: `random` needs ten bytes (80 bits), so that ids of one millisecond do not meet. */
export function idOf(noun: Noun, shard: string, at: Date, random: Uint8Array): string {
  return `${ID_PREFIXES[noun]}_${shard}${timePart(at)}${base32(random.subarray(0, 10))}`;
}

/** What sorts before every id of a noun that is made at `at` or later, and behind those from before. */
export const idsSince = (noun: Noun, shard: string, at: Date): string => `${ID_PREFIXES[noun]}_${shard}${timePart(at)}`;

const NOUNS: ReadonlyMap<string, Noun> = new Map(Object.entries(ID_PREFIXES).map(([noun, prefix]) => [prefix, noun as Noun]));

/** What kind of object an id names, by its prefix; undefined for a prefix that is none of ours. */
export function nounOf(id: string): Noun | undefined {
  return NOUNS.get(id.slice(0, Math.max(0, id.indexOf("_"))));
}

const ID = /^[a-z]{2,5}_([0-9a-z]{2})[0-9a-hjkmnp-tv-z]{26}$/;

/** The shard whose database holds the object, or undefined when the text is no id of ours. */
export function shardOf(id: string): string | undefined {
  return ID.exec(id)?.[1];
}
