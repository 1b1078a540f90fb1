/** A VAT identification number that has the form of one. */
export type VatId = {
  /** as it is written before the number: DE, EL for Greece, XI for Northern Ireland, CHE for Switzerland */
  prefix: string;
  /** in its normal form, without prefix */
  number: string;
  /** prefix and number: how it is stored, shown and asked of VIES */
  text: string;
  /** whose number it is, ISO 3166-1; XI for Northern Ireland, which is in the EU for goods alone */
  state: string;
};

/** How a state writes its numbers, and whether the digits agree with each other. */
type Scheme = { state: string; form: RegExp; agrees: (number: string) => boolean };

/**
 * Reads a VAT id as people write it: in any case, with spaces, dots and dashes, Greek ones under EL or GR, the prefix left out where the
 * customer's country (ISO 3166-1) tells it. Null where it has the form of no member state, nor of Northern Ireland, Switzerland or the United
 * Kingdom. Says nothing of whether there is such a business: only VIES knows.
 */
export function readVatId(text: string, country: string | null = null): VatId | null {
  const compact = compactVatId(text);
  const own = country === null ? null : prefixOf(country);
  const prefixes = [...(own === null ? [] : [own]), ...Object.keys(SCHEMES)];
  for (const prefix of prefixes) {
    // Switzerland's prefix begins like none of the others, and Greece has two
    const written = [prefix, ...(prefix === "EL" ? ["GR"] : [])].find((start) => compact.startsWith(start));
    const read = written === undefined ? null : shaped(prefix, compact.slice(written.length));
    if (read) return read;
  }
  return own === null ? null : shaped(own, compact);
}

/** Whether the digits of the number contradict each other, as they do where one was mistyped. A number that agrees may still be nobody's. */
export function looksMistyped({ prefix, number }: VatId): boolean {
  return SCHEMES[prefix]?.agrees(number) === false;
}

/** Why a text is not taken as a VAT id; null where it may be one. */
export function whyNotVatId(text: string, country: string | null = null): "no_vat_id" | "mistyped" | null {
  const read = readVatId(text, country);
  if (read === null) return "no_vat_id";
  return looksMistyped(read) ? "mistyped" : null;
}

/** Whether VIES can be asked of it: those of member states, and of Northern Ireland. */
export function isOfVies({ prefix }: VatId): boolean {
  return prefix !== "GB" && prefix !== "CHE";
}

/** The prefix of a country's VAT ids; null where we know no form of them. */
export function prefixOf(country: string): string | null {
  const special: Record<string, string> = { GR: "EL", CH: "CHE", MC: "FR", IM: "GB" };
  const prefix = special[country] ?? country;
  return Object.hasOwn(SCHEMES, prefix) ? prefix : null;
}

/** The text without what people put between its digits, in upper case. */
function compactVatId(text: string): string {
  return text
    .normalize("NFKC")
    .toUpperCase()
    .replaceAll(/[\s.,:;/_'’·\-\u00AD\u2010-\u2015\u2212\u200B-\u200D\u2060\uFEFF()]/gu, "");
}

function shaped(prefix: string, rest: string): VatId | null {
  const scheme = SCHEMES[prefix];
  const number = NORMAL[prefix]?.(rest) ?? rest;
  if (!scheme?.form.test(number)) return null;
  return { prefix, number, text: prefix + number, state: scheme.state };
}

/** Forms that are written in more than one way. */
const NORMAL: Record<string, (number: string) => string> = {
  // before 2008 Belgian numbers had nine digits, and Greek ones once had eight
  BE: (number) => (/^\d{9}$/.test(number) ? `0${number}` : number),
  EL: (number) => (/^\d{8}$/.test(number) ? `0${number}` : number),
  NL: (number) => (/^\d{7,8}B\d{2}$/.test(number) ? number.padStart(12, "0") : number),
  // what the tax is called, in three languages
  CHE: (number) => number.replace(/(MWST|TVA|IVA)$/, ""),
};

const SCHEMES: Record<string, Scheme> = {
  AT: { state: "AT", form: /^U\d{8}$/, agrees: austrian },
  BE: { state: "BE", form: /^[01]\d{9}$/, agrees: (n) => 97 - (Number(n.slice(0, 8)) % 97) === Number(n.slice(8)) },
  BG: { state: "BG", form: /^\d{9,10}$/, agrees: bulgarian },
  CY: { state: "CY", form: /^(?!12)\d{8}[A-Z]$/, agrees: cypriot },
  CZ: { state: "CZ", form: /^([0-8]\d{7}|\d{9,10})$/, agrees: czech },
  DE: { state: "DE", form: /^[1-9]\d{8}$/, agrees: iso7064Mod11And10 },
  DK: { state: "DK", form: /^[1-9]\d{7}$/, agrees: (n) => weighted(n, [2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0 },
  EE: { state: "EE", form: /^\d{9}$/, agrees: (n) => weighted(n, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0 },
  EL: { state: "GR", form: /^\d{9}$/, agrees: (n) => (weighted(n, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === digit(n, 8) },
  ES: { state: "ES", form: /^([A-HJ-NP-SUVWXYZ]\d{7}[A-Z0-9]|\d{8}[A-Z])$/, agrees: spanish },
  FI: { state: "FI", form: /^\d{8}$/, agrees: (n) => weighted(n, [7, 9, 10, 5, 8, 4, 2, 1]) % 11 === 0 },
  FR: { state: "FR", form: /^[A-HJ-NP-Z0-9]{2}\d{9}$/, agrees: french },
  HR: { state: "HR", form: /^\d{11}$/, agrees: iso7064Mod11And10 },
  HU: { state: "HU", form: /^\d{8}$/, agrees: (n) => weighted(n, [9, 7, 3, 1, 9, 7, 3, 1]) % 10 === 0 },
  IE: { state: "IE", form: /^(\d{7}[A-W][A-IW]?|\d[A-Z+*]\d{5}[A-W])$/, agrees: irish },
  IT: { state: "IT", form: /^\d{11}$/, agrees: (n) => !n.startsWith("0000000") && luhn(n) },
  LT: { state: "LT", form: /^(\d{7}1\d|\d{10}1\d)$/, agrees: lithuanian },
  LU: { state: "LU", form: /^\d{8}$/, agrees: (n) => Number(n.slice(0, 6)) % 89 === Number(n.slice(6)) },
  LV: { state: "LV", form: /^\d{11}$/, agrees: latvian },
  MT: { state: "MT", form: /^[1-9]\d{7}$/, agrees: (n) => weighted(n, [3, 4, 6, 7, 8, 9, 10, 1]) % 37 === 0 },
  NL: { state: "NL", form: /^\d{9}B(?!00)\d{2}$/, agrees: dutch },
  PL: { state: "PL", form: /^\d{10}$/, agrees: (n) => weighted(n, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === digit(n, 9) },
  PT: { state: "PT", form: /^[1-9]\d{8}$/, agrees: (n) => elevenLess(weighted(n, [9, 8, 7, 6, 5, 4, 3, 2])) === digit(n, 8) },
  RO: { state: "RO", form: /^([1-9]\d{1,9}|[1-9]\d{12})$/, agrees: romanian },
  SE: { state: "SE", form: /^\d{10}(0[1-9]|[1-8]\d|9[0-4])$/, agrees: (n) => luhn(n.slice(0, 10)) },
  SI: { state: "SI", form: /^[1-9]\d{7}$/, agrees: slovenian },
  SK: {
    state: "SK",
    form: /^([1-9]\d[2-47-9]\d{7}|\d\d([0257][1-9]|[1368][0-2])([0-2]\d|3[01])\d{4})$/,
    agrees: (n) => Number(n) % 11 === 0,
  },
  XI: { state: "XI", form: /^(\d{9}|\d{12}|GD[0-4]\d{2}|HA[5-9]\d{2})$/, agrees: british },
  GB: { state: "GB", form: /^(\d{9}|\d{12}|GD[0-4]\d{2}|HA[5-9]\d{2})$/, agrees: british },
  CHE: { state: "CH", form: /^\d{9}$/, agrees: (n) => (11 - (weighted(n, [5, 4, 3, 2, 7, 6, 5, 4]) % 11)) % 11 === digit(n, 8) },
};

function austrian(number: string): boolean {
  const digits = number.slice(1);
  const sum = [0, 1, 2, 3, 4, 5, 6].reduce(
    (all, index) => all + (index % 2 === 0 ? digit(digits, index) : doubled(digit(digits, index))),
    4,
  );
  return (10 - (sum % 10)) % 10 === digit(digits, 7);
}

function bulgarian(number: string): boolean {
  if (number.length === 9) {
    const first = weighted(number, [1, 2, 3, 4, 5, 6, 7, 8]) % 11;
    const check = first === 10 ? (weighted(number, [3, 4, 5, 6, 7, 8, 9, 10]) % 11) % 10 : first;
    return check === digit(number, 8);
  }
  // ten digits: a citizen's number, a foreigner's, or one of others; nothing in the number says which
  const citizen = (weighted(number, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10;
  const foreigner = weighted(number, [21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10;
  const other = (11 - (weighted(number, [4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
  return [citizen, foreigner, other].includes(digit(number, 9));
}

function cypriot(number: string): boolean {
  const odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
  const sum = upTo(8).reduce(
    (all, index) => all + (index % 2 === 0 ? (odd[digit(number, index)] ?? 0) : digit(number, index)),
    0,
  );
  return number[8] === letter(sum % 26);
}

function czech(number: string): boolean {
  if (number.length === 8) {
    const check = (11 - (weighted(number, [8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
    return (check === 0 ? 1 : check % 10) === digit(number, 7);
  }
  if (number.length === 10) return (Number(number.slice(0, 9)) % 11) % 10 === digit(number, 9);
  // nine digits: people born before 1954 have none to check with
  if (!number.startsWith("6")) return true;
  const rest = weighted(number.slice(1), [8, 7, 6, 5, 4, 3, 2]) % 11;
  return (18 - ((21 - rest) % 11)) % 10 === digit(number, 8);
}

function spanish(number: string): boolean {
  const dni = "TRWAGMYFPDXBNJZSQVHLCKE";
  const first = number.charAt(0);
  const last = number.charAt(8);
  const middle = number.slice(1, 8);
  if (/\d/.test(first)) return last === dni[Number(number.slice(0, 8)) % 23];
  if ("XYZ".includes(first)) return last === dni[Number(`${"XYZ".indexOf(first)}${middle}`) % 23];
  if ("KLM".includes(first)) return last === dni[Number(middle) % 23];
  const check = luhnDigit(middle);
  return last === String(check) || last === "JABCDEFGHI"[check];
}

function french(number: string): boolean {
  const key = number.slice(0, 2);
  const siren = number.slice(2);
  // Monaco's are no SIREN, and have none of its check
  if (!siren.startsWith("000") && !luhn(siren)) return false;
  if (/^\d\d$/.test(key)) return (12 + 3 * (Number(siren) % 97)) % 97 === Number(key);
  const letters = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
  const [first, second] = [letters.indexOf(key.charAt(0)), letters.indexOf(key.charAt(1))];
  const value = first < 10 ? first * 24 + second - 10 : first * 34 + second - 100;
  return (Number(siren) + 1 + Math.floor(value / 11)) % 11 === value % 11;
}

function irish(number: string): boolean {
  const alphabet = "WABCDEFGHIJKLMNOPQRSTUV";
  // the form of before 1980 has a letter in second place; its first digit counts last
  const digits = /^\d{7}/.test(number) ? number.slice(0, 7) : `0${number.slice(2, 7)}${number.charAt(0)}`;
  const second = alphabet.indexOf(number.charAt(8) || "W");
  return alphabet[(weighted(digits, [8, 7, 6, 5, 4, 3, 2]) + 9 * second) % 23] === number[7];
}

function lithuanian(number: string): boolean {
  const last = number.length - 1;
  const sum = (shift: number) =>
    upTo(last).reduce((all, index) => all + digit(number, index) * (1 + ((index + shift) % 9)), 0) % 11;
  const first = sum(0);
  return (first === 10 ? sum(2) % 10 : first) === digit(number, last);
}

function latvian(number: string): boolean {
  if (digit(number, 0) > 3) return weighted(number, [9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 === 3;
  // numbers of people that were given since 2017 begin with 32 and hold no date, nor a check that is published
  if (number.startsWith("32")) return true;
  return ((1 + weighted(number, [10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11) % 10 === digit(number, 10);
}

function dutch(number: string): boolean {
  const digits = number.slice(0, 9);
  const ofCompany = (weighted(digits, [9, 8, 7, 6, 5, 4, 3, 2]) - digit(digits, 8)) % 11 === 0;
  // since 2020 sole traders have numbers that check over all of the text, N = 23 and L = 21, B = 11
  return ofCompany || BigInt(`2321${digits}11${number.slice(10)}`) % 97n === 1n;
}

function romanian(number: string): boolean {
  if (number.length === 13) {
    const check = weighted(number, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    return (check === 10 ? 1 : check) === digit(number, 12);
  }
  const padded = number.padStart(10, "0");
  return ((10 * weighted(padded, [7, 5, 3, 2, 1, 7, 5, 3, 2])) % 11) % 10 === digit(padded, 9);
}

function slovenian(number: string): boolean {
  const check = 11 - (weighted(number, [8, 7, 6, 5, 4, 3, 2]) % 11);
  return check !== 11 && check % 10 === digit(number, 7);
}

function british(number: string): boolean {
  // government departments and health authorities have nothing to check
  if (!/^\d/.test(number)) return true;
  const sum = weighted(number, [8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97;
  return sum === 0 || (Number(number.slice(0, 3)) >= 100 && (sum === 42 || sum === 55));
}

/** ISO 7064, MOD 11,10. */
function iso7064Mod11And10(number: string): boolean {
  const last = number.length - 1;
  const product = upTo(last).reduce((all, index) => {
    const sum = (all + digit(number, index)) % 10;
    return ((sum === 0 ? 10 : sum) * 2) % 11;
  }, 10);
  return (11 - product) % 10 === digit(number, last);
}

/** Whether the last digit is Luhn's of those before. */
function luhn(number: string): boolean {
  return luhnDigit(number.slice(0, -1)) === digit(number, number.length - 1);
}

function luhnDigit(digits: string): number {
  const sum = upTo(digits.length).reduce((all, index) => {
    const value = digit(digits, digits.length - 1 - index);
    return all + (index % 2 === 0 ? doubled(value) : value);
  }, 0);
  return (10 - (sum % 10)) % 10;
}

/** Twice the digit, its digits summed. */
function doubled(value: number): number {
  return value < 5 ? value * 2 : value * 2 - 9;
}

function weighted(number: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => sum + weight * digit(number, index), 0);
}

/** 11 less the rest of the division by 11, where 10 and 11 are written 0. */
function elevenLess(sum: number): number {
  return ((11 - (sum % 11)) % 11) % 10;
}

function digit(number: string, index: number): number {
  return Number(number.charAt(index));
}

function letter(index: number): string {
  return "ABCDEFGHIJKLMNOPQRSTUVWXYZ".charAt(index);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
