import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  KEY_GROUPS,
  exactForm,
  formatKey,
  hasValidCheck,
  isKeyPrefix,
  keyBytes,
  last4,
  lookupForms,
  normalForm,
  storedForm,
} from "#rules/licensing/keys";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const bytesOf = (n: number) => fc.uint8Array({ minLength: n, maxLength: n });
const keys = bytesOf(19).map((bytes) => formatKey(bytes));
const prefixes = fc.option(fc.stringMatching(/^[A-Z0-9]{1,12}$/));
const formats = fc.record({ prefix: prefixes, groups: fc.integer(KEY_GROUPS) });
const formatted = formats.chain((format) =>
  bytesOf(keyBytes(format)).map((bytes) => ({ format, key: formatKey(bytes, format) })),
);

describe("the check character", () => {
  test.prop([formatted])("fits every key that was made", ({ key, format }) => {
    expect(hasValidCheck(key, format)).toBe(true);
  });

  test.prop([keys], { numRuns: 25 })("finds every substitution of one character by any other", (key) => {
    for (const at of positions(key))
      for (const other of ALPHABET) if (other !== key[at]) expect(hasValidCheck(replaced(key, at, other))).toBe(false);
  });

  test.prop([keys])("finds every swap of two different characters, neighbours or not", (key) => {
    for (const a of positions(key))
      for (const b of positions(key)) {
        if (a < b && key[a] !== key[b]) expect(hasValidCheck(replaced(replaced(key, a, key[b]!), b, key[a]!))).toBe(false);
      }
  });

  test("finds all substitutions and all swaps of two symbols, whatever stands around them", () => {
    // the sum is linear, so a fault shows in the zero key exactly as in every other: all pairs of places and symbols are tried
    const zero = formatKey(Array.from({ length: 19 }, () => 0));
    const places = positions(zero);
    for (const a of places)
      for (const symbol of ALPHABET.slice(1)) {
        expect(hasValidCheck(replaced(zero, a, symbol))).toBe(false);
        // a swap of x and y changes both places by x - y, which is some symbol other than zero
        for (const b of places) if (b > a) expect(hasValidCheck(replaced(replaced(zero, a, symbol), b, symbol))).toBe(false);
      }
  });

  test.prop([formatted, fc.nat(), fc.nat()])("finds a substitution in keys of every format", ({ key, format }, place, symbol) => {
    const body = positions(key).slice(-format.groups * 4);
    const at = body[place % body.length]!;
    const other = ALPHABET[symbol % 32]!;
    fc.pre(other !== key[at]);
    expect(hasValidCheck(replaced(key, at, other), format)).toBe(false);
  });

  test("is of its format only", () => {
    const key = formatKey(Array.from({ length: 19 }, (_, n) => n * 7));
    expect(hasValidCheck(key, { prefix: null, groups: 6 })).toBe(false);
    expect(hasValidCheck(key, { prefix: "ACME", groups: 5 })).toBe(false);
    expect(hasValidCheck("")).toBe(false);
  });
});

describe("making a key", () => {
  test.prop([bytesOf(19)])("gives five groups of four, one for one with the low five bits", (bytes) => {
    const key = formatKey(bytes);
    expect(key).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){4}$/);
    expect(Array.from(key.replaceAll("-", "").slice(0, 19), (character) => ALPHABET.indexOf(character))).toEqual(
      Array.from(bytes, (byte) => byte & 31),
    );
  });

  test("keeps every known key as it is", () => {
    expect(formatKey(Array.from({ length: 19 }, () => 0))).toBe("0000-0000-0000-0000-0000");
    expect(formatKey(Array.from({ length: 19 }, (_, n) => n))).toBe(KNOWN);
    expect(
      formatKey(
        Array.from({ length: 23 }, () => 0),
        { prefix: "ACME", groups: 6 },
      ),
    ).toBe("ACME-0000-0000-0000-0000-0000-0000");
  });

  test("refuses another number of bytes, groups or a bad prefix", () => {
    expect(() => formatKey(new Uint8Array(18))).toThrow(RangeError);
    expect(() => formatKey(new Uint8Array(20))).toThrow(RangeError);
    expect(() => formatKey(new Uint8Array(15), { prefix: null, groups: 4 })).toThrow(RangeError);
    expect(() => formatKey(new Uint8Array(31), { prefix: null, groups: 8 })).toThrow(RangeError);
    expect(() => formatKey(new Uint8Array(19), { prefix: "acme", groups: 5 })).toThrow(RangeError);
    expect(["A", "ACME2", "ABCDEFGHIJKL"].map(isKeyPrefix)).toEqual([true, true, true]);
    expect(["", "a", "A-B", "ABCDEFGHIJKLM", "É"].map(isKeyPrefix)).toEqual([false, false, false, false, false]);
  });
});

describe("the normal form", () => {
  test.prop([keys])("of a key as shown is the key itself", (key) => {
    expect(normalForm(key)).toBe(key);
  });

  test.prop([keys, fc.infiniteStream(fc.nat(11))])("forgives case, spaces, dashes, O for 0, I and L for 1", (key, choices) => {
    const next = () => choices.next().value ?? 0;
    const sloppy = Array.from(key.replaceAll("-", ""), (character) => {
      const dash = ["", "", "", "-", " ", "\u2013", "\u2014", "\u2212", "\u00a0", "--", "\t", "\u200b"][next()];
      const like =
        character === "0"
          ? ["0", "O", "o"]
          : character === "1"
            ? ["1", "I", "i", "L", "l"]
            : [character, character.toLowerCase()];
      return `${dash}${like[next() % like.length]}`;
    }).join("");
    expect(normalForm(`  ${sloppy}\n`)).toBe(key);
    expect(lookupForms(sloppy)).toContain(storedForm(key, "issued"));
  });

  test.prop([formatted])("finds keys of every format, and is its own normal form", ({ key }) => {
    const normal = normalForm(key)!;
    expect(normalForm(normal)).toBe(normal);
    expect(normalForm(key.toLowerCase().replaceAll("-", ""))).toBe(normal);
    expect(lookupForms(key)).toContain(storedForm(key, "issued"));
  });

  test.prop([keys, keys])("keeps different keys apart", (a, b) => {
    fc.pre(a !== b);
    expect(normalForm(a)).not.toBe(normalForm(b));
  });

  test("takes a wrong check character: the server answers a typo like any unknown key", () => {
    expect(normalForm("0000-0000-0000-0000-0001")).toBe("0000-0000-0000-0000-0001");
    expect(hasValidCheck("0000-0000-0000-0000-0001")).toBe(false);
  });

  test.each([
    ["too short", "0000-0000-0000-0000-000"],
    ["too long", "A".repeat(41)],
    ["a U where none can be", "0000-0000-0000-0000-000U"],
    ["other letters", "0000-0000-0000-0000-000É"],
    ["other characters", "0000-0000-0000-0000-0000!"],
    ["letters that only look like ours", "\u0406000-0000-0000-0000-0000"],
    ["letters that only upper-casing makes ours", "\u0131000-0000-0000-0000-0000"],
    ["nothing", ""],
    ["far too much", `${" ".repeat(300)}0000-0000-0000-0000-0000`],
  ])("is none for %s", (_, text) => {
    expect(normalForm(text)).toBeNull();
  });

  test.prop([fc.string({ unit: "binary" })])("never throws, and is its own normal form where there is one", (text) => {
    const normal = normalForm(text);
    if (normal !== null) expect(normalForm(normal)).toBe(normal);
  });
});

describe("imported keys", () => {
  test.prop([fc.string({ unit: "grapheme", minLength: 1 })])("match however they are composed or surrounded", (text) => {
    expect(exactForm(` ${text.normalize("NFD")}\n`)).toBe(exactForm(text));
    expect(lookupForms(text)).toContain(storedForm(text, "imported"));
    expect(exactForm(exactForm(text))).toBe(exactForm(text));
  });

  test("stay two where they differ, even in the shape of ours", () => {
    expect(exactForm("ab-O1")).not.toBe(exactForm("AB-01"));
    const stored = storedForm("ABCD-0000-0000-0000-0000", "imported");
    expect(lookupForms("ABCD-0000-0000-0000-0000")).toContain(stored);
    expect(lookupForms("abcd-0000-0000-0000-0000")).not.toContain(stored);
    expect(lookupForms("ABCD-OOOO-0000-0000-0000")).not.toContain(stored);
  });

  test("an issued key must have our shape", () => {
    expect(() => storedForm("ab-O1", "issued")).toThrow(RangeError);
  });
});

describe("what may be shown of a key", () => {
  test.prop([keys])("is the last group of ours", (key) => {
    expect(last4(key)).toBe(key.slice(-4));
  });

  test.prop([fc.string({ unit: "grapheme" })])("is never more than a quarter", (text) => {
    expect(Array.from(last4(text)).length * 4).toBeLessThanOrEqual(Array.from(exactForm(text)).length);
    expect(exactForm(text).endsWith(last4(text))).toBe(true);
  });

  test.each([
    ["abcdefghijklmnop", "mnop"],
    ["  abcdefgh ", "gh"],
    ["abc", ""],
  ])("of %j is %j", (key, shown) => {
    expect(last4(key)).toBe(shown);
  });
});

/** Worked out apart from the code: the sum of n * g^(19-n), n from 0 to 18, over GF(32) with g^5 = g^2 + 1. */
const KNOWN = "0123-4567-89AB-CDEF-GHJT";

function positions(key: string): number[] {
  return Array.from(key.matchAll(/[^-]/g), (match) => match.index);
}

function replaced(key: string, at: number, character: string): string {
  return key.slice(0, at) + character + key.slice(at + 1);
}
