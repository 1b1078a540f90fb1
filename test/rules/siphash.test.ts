import { expect, test } from "vitest";
import { type SipKey, sipHash } from "#rules/siphash";

const KEY: SipKey = [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c];

/** A text whose units are the bytes 0, 1, 2, … two by two. */
const counting = (bytes: number) =>
  Array.from({ length: bytes / 2 }, (_, n) => String.fromCharCode((2 * n) | ((2 * n + 1) << 8))).join("");

/** What is told in 24 characters, as the bytes that it stands for. */
function bytesOf(told: string): string {
  const halves = told.match(/.{6}/g) ?? [];
  const words = halves.map((half) => half.split("").reduceRight((word, each) => word * 64 + each.charCodeAt(0) - 48, 0));
  return words
    .map((word) => [0, 8, 16, 24].map((bits) => ((word >>> bits) & 255).toString(16).padStart(2, "0")).join(""))
    .join("");
}

// `vectors_sip128` of the reference implementation, those of an even number of bytes; `openssl mac … SIPHASH` says the same
test.each([
  [0, "a3817f04ba25a8e66df67214c7550293"],
  [2, "8177228da4a45dc7fca38bdef60affe4"],
  [4, "f88164c12d9c8faf7d0f6e7c7bcd5579"],
  [6, "14eeca338b208613485ea0308fd7a15e"],
  [8, "3b62a9ba6258f5610f83e264f31497b4"],
  [16, "6ee2a4ca67b054bbfd3315bf85230577"],
  [62, "5853542321f567a005d547a4f04759bd"],
])("SipHash of %i bytes is the one of its authors", (length, expected) => {
  expect(bytesOf(sipHash(counting(length), KEY))).toBe(expected);
});

test("every character, every length and every bit of the secret makes another hash", () => {
  const text = "lk_pk_live_00 7:fingerprint äöü €😀".repeat(3);
  const texts = [
    ...Array.from({ length: text.length + 1 }, (_, length) => text.slice(0, length)),
    ...Array.from({ length: text.length }, (_, at) => `${text.slice(0, at)}~${text.slice(at + 1)}`),
  ];
  const keys = Array.from({ length: 128 }, (_, bit) => KEY.map((word, n) => (n === bit >> 5 ? word ^ (1 << (bit & 31)) : word)));
  const hashes = [...texts.map((each) => sipHash(each, KEY)), ...keys.map((key) => sipHash(text, key as unknown as SipKey))];
  expect(new Set(hashes).size).toBe(new Set(texts).size + keys.length);
  for (const hash of hashes) expect(hash).toMatch(/^[0-o]{24}$/);
});
