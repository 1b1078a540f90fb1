import { fc, test as propertyTest } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { readCsv } from "#rules/csv";

const BOUNDS = { records: 1000, fields: 50 };
const read = (text: string, bounds = BOUNDS) => readCsv(text, bounds);
const records = (text: string) => {
  const answer = read(text);
  if ("fault" in answer) throw new Error(answer.fault.code);
  return answer.records;
};

/** A writer made apart from the reader: it quotes where it must, and sometimes where it need not. */
const written = (rows: string[][], delimiter: string, lineBreak: string, always: boolean) =>
  rows
    .map((row) =>
      row.map((cell) => (always || /["\r\n,;\t]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(delimiter),
    )
    .join(lineBreak);

const cell = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 8 }),
  fc.constantFrom('"', '""', "\r\n", "a\nb", "\r", ",", ";", "\t", " x ", "ключ", "日本", "\ud83d\ude00", '",\r\n"'),
);
const tables = fc
  .integer({ min: 2, max: 5 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }));
/** A header of names, as an upload has one: from it the delimiter is known. */
const headed = tables.map((rows) => [(rows[0] ?? []).map((_, index) => `name_${index}`), ...rows]);

describe("CSV of RFC 4180", () => {
  propertyTest.prop([headed, fc.constantFrom(",", ";", "\t"), fc.constantFrom("\r\n", "\n", "\r"), fc.boolean(), fc.boolean()])(
    "is read as it was written, whatever the cells hold, the lines end with and the cells are divided by",
    (rows, delimiter, lineBreak, always, ended) => {
      expect(records(written(rows, delimiter, lineBreak, always) + (ended ? lineBreak : ""))).toEqual(rows);
    },
  );

  propertyTest.prop([fc.string({ unit: fc.constantFrom("a", '"', ",", "\r", "\n", ";"), maxLength: 40 })])(
    "is read or refused, and never hangs or loses a character outside of quotes",
    (text) => {
      const answer = read(text, { records: 100, fields: 100 });
      if ("fault" in answer) return;
      if (!text.includes('"')) {
        const delimiter = /[,;\r\n]/.exec(text)?.[0] === ";" ? ";" : ",";
        const expected = text
          .split(/\r\n|\r|\n/)
          .filter((line) => line !== "")
          .map((line) => line.split(delimiter));
        expect(answer.records).toEqual(expected);
      }
    },
  );

  test("empty lines are left out, and an empty quoted cell is none", () => {
    expect(records("a,b\n\n1,2\r\n\r\n3,4\n")).toEqual([
      ["a", "b"],
      ["1", "2"],
      ["3", "4"],
    ]);
    expect(records('a\n""\n')).toEqual([["a"], [""]]);
    expect(records("")).toEqual([]);
    expect(records("a,\n,b")).toEqual([
      ["a", ""],
      ["", "b"],
    ]);
  });

  test.each([
    ['a\n"b', { code: "unclosed_quote", line: 2 }],
    ['a\nb"c', { code: "stray_quote", line: 2 }],
    ['a\n"b"c', { code: "stray_quote", line: 2 }],
    ['a\n"b\nc"\nd"', { code: "stray_quote", line: 4 }],
    ['"', { code: "unclosed_quote", line: 1 }],
  ])("%j is refused with its line", (text, fault) => {
    expect(read(text)).toEqual({ fault });
  });

  test("what goes beyond its bounds is refused before it costs memory", () => {
    expect(read("a\n".repeat(1000))).toHaveProperty("records");
    expect(read("a\n".repeat(1001))).toEqual({ fault: { code: "too_many_records", line: 1001 + 1 } });
    expect(read(",".repeat(49))).toHaveProperty("records");
    expect(read(",".repeat(5_000_000))).toMatchObject({ fault: { code: "too_many_fields", line: 1 } });
  });
});
