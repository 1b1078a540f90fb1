import { fc, test as each } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { fromBase64url, toBase64url } from "#rules/licensing/olp/base64url";
import { OlpRefused } from "#rules/licensing/olp/codes";
import { canonical, parseObject, type Json } from "#rules/licensing/olp/json";
import { readMessage } from "#rules/licensing/olp/message";
import { FILE_STATUSES, statusAt, statusList } from "#rules/licensing/olp/status";

const utf8 = (text: string) => new TextEncoder().encode(text);
const codeOf = (attempt: () => unknown): string => {
  try {
    attempt();
    return "OK";
  } catch (error) {
    if (error instanceof OlpRefused) return error.code;
    throw error;
  }
};

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 5 },
    fc.string({ unit: "grapheme" }),
    fc.maxSafeInteger().map((n) => (Object.is(n, -0) ? 0 : n)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: "grapheme" }), tie("value"), { maxKeys: 4 }),
  ),
})).value;

describe("base64url", () => {
  each.prop([fc.uint8Array({ maxLength: 100 })])("reads back what it writes, as every platform does", (bytes) => {
    const text = toBase64url(bytes);
    expect(text).toBe(Buffer.from(bytes).toString("base64url"));
    expect([...fromBase64url(text)]).toEqual([...bytes]);
  });

  each.prop([fc.stringMatching(/^[A-Za-z0-9_-]{0,30}$/)])("takes a text only in its one spelling", (text) => {
    const canonicalText = text.length % 4 !== 1 && Buffer.from(text, "base64url").toString("base64url") === text;
    expect(codeOf(() => fromBase64url(text))).toBe(canonicalText ? "OK" : "NOT_CANONICAL");
  });

  test.each(["", "AA==", "AA=", "A A", "AA\n", "A+/A"])("takes %j or not", (text) => {
    expect(codeOf(() => fromBase64url(text))).toBe(text === "" ? "OK" : "NOT_CANONICAL");
  });
});

describe("JSON", () => {
  each.prop([fc.dictionary(fc.string({ unit: "grapheme" }), json, { maxKeys: 5 })])(
    "is read as the platform reads it, where it may be read at all",
    (value) => {
      const text = JSON.stringify(value);
      expect(parseObject(utf8(text))).toEqual(JSON.parse(text));
    },
  );

  each.prop([fc.dictionary(fc.string(), json, { maxKeys: 5 })])(
    "has one canonical text, whatever the order of members",
    (value) => {
      const backwards = Object.fromEntries(Object.entries(value).toReversed());
      expect(canonical(backwards)).toBe(canonical(value));
      expect(parseObject(utf8(canonical(value)))).toEqual(JSON.parse(JSON.stringify(value)));
    },
  );

  test.each([
    ['{"a":1,"a":2}', "DUPLICATE_MEMBER"],
    ['{"a":1,"\\u0061":2}', "DUPLICATE_MEMBER"],
    ['{"b":{"a":1,"a":1}}', "DUPLICATE_MEMBER"],
    ['{"__proto__":1,"__proto__":1}', "DUPLICATE_MEMBER"],
    ['{"a":1.0}', "INVALID_JSON"],
    ['{"a":1e3}', "INVALID_JSON"],
    ['{"a":-0}', "INVALID_JSON"],
    ['{"a":01}', "INVALID_JSON"],
    ['{"a":9007199254740992}', "INVALID_JSON"],
    ['{"a":9007199254740991}', "OK"],
    ['{"a":"\\ud83d\\ude00"}', "OK"],
    ['{"a":"\\ud83d"}', "INVALID_JSON"],
    ['{"a":"\\ude00\\ud83d"}', "INVALID_JSON"],
    ['{"a":"\u0001"}', "INVALID_JSON"],
    ['{"a":"\\x"}', "INVALID_JSON"],
    ['{"a":1,}', "INVALID_JSON"],
    ["[1]", "INVALID_JSON"],
    ['"a"', "INVALID_JSON"],
    ["", "INVALID_JSON"],
    ['{"a":1} {}', "INVALID_JSON"],
    ['\ufeff{"a":1}', "INVALID_JSON"],
    ['\u00a0{"a":1}', "INVALID_JSON"],
    [' \t\r\n{ "a" : [ 1 , true , false , null ] } ', "OK"],
    [`{"a":${"[".repeat(15)}${"]".repeat(15)}}`, "OK"],
    [`{"a":${"[".repeat(16)}${"]".repeat(16)}}`, "INVALID_JSON"],
  ])("%j ends with %s", (text, code) => {
    expect(codeOf(() => parseObject(utf8(text)))).toBe(code);
  });

  test("that is not UTF-8 is refused", () => {
    expect(codeOf(() => parseObject(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)))).toBe("INVALID_JSON");
    expect(codeOf(() => parseObject(Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d)))).toBe("INVALID_JSON");
  });
});

describe("a message", () => {
  const part = (value: object) => toBase64url(utf8(JSON.stringify(value)));
  const header = { alg: "EdDSA", kid: "k", typ: "olp1-keyset+jws" };
  const signature = toBase64url(new Uint8Array(64));
  const message = (head: object = header, tail = signature) => `${part(head)}.${part({ iss: "t" })}.${tail}`;
  const read = (text: string) => codeOf(() => readMessage(text, "keyset"));

  test("is three parts, with a header of three members and 64 bytes of signature", () => {
    expect(readMessage(message(), "keyset")).toMatchObject({ kind: "keyset", kid: "k", claims: { iss: "t" } });
    expect(read(`${message()}.`)).toBe("MALFORMED");
    expect(read(`${message()} `)).toBe("MALFORMED");
    expect(read(`${message()}=`)).toBe("MALFORMED");
    expect(read("..")).toBe("MALFORMED");
    expect(read("a".repeat(65_537))).toBe("TOO_LARGE");
    expect(read(message({ ...header, jku: "x" }))).toBe("INVALID_HEADER");
    expect(read(message({ alg: "EdDSA", typ: header.typ }))).toBe("INVALID_HEADER");
    expect(read(message({ ...header, kid: 1 }))).toBe("INVALID_HEADER");
    expect(read(message({ ...header, alg: "none" }))).toBe("UNSUPPORTED_ALGORITHM");
    expect(read(message({ ...header, typ: "olp1-license+jws" }))).toBe("WRONG_TYPE");
    expect(read(message(header, toBase64url(new Uint8Array(63))))).toBe("BAD_SIGNATURE");
    expect(read(message(header, toBase64url(new Uint8Array(64).fill(255))))).toBe("BAD_SIGNATURE");
  });

  test("has fifteen other spellings of its signature, and all are refused", () => {
    const stem = message().slice(0, -1);
    const answers = Array.from("ABCDEFGHIJKLMNOP", (last) => read(stem + last));
    expect(answers).toEqual(["OK", ...Array.from({ length: 15 }, () => "NOT_CANONICAL")]);
  });
});

each.prop([fc.dictionary(fc.integer({ min: 0, max: 4095 }).map(String), fc.constantFrom(...FILE_STATUSES))])(
  "a status list tells at each index what was put there, and valid elsewhere",
  (entries) => {
    const list = statusList(
      4096,
      Object.entries(entries).map(([index, status]) => [Number(index), status]),
    );
    expect(list).toHaveLength(1024);
    for (const index of [0, 1, 2, 3, 4095, 4096, 1_000_000, ...Object.keys(entries).map(Number)])
      expect(statusAt(list, index)).toBe(entries[String(index)] ?? "valid");
  },
);
