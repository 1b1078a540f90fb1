import { fc, test as propertyTest } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { idOf } from "#rules/ids";
import { rowsOfCsv, rowsOfNdjson } from "#rules/licensing/import-rows";
import { progressOf, stageOf, stagePlace } from "#rules/licensing/operations";

describe("the stages of a migration", () => {
  propertyTest.prop([
    fc.uint8Array({ minLength: 10, maxLength: 10 }),
    fc.integer({ min: 1, max: 100 }),
    fc.integer({ min: 1, max: 100 }),
  ])("a larger one holds all of a smaller one, and a hundred percent is everything", (random, one, other) => {
    const place = stagePlace(idOf("license", "00", new Date(0), random));
    const [small, large] = [Math.min(one, other), Math.max(one, other)];
    if (place < stageOf(small)) expect(place).toBeLessThan(stageOf(large));
    expect(place).toBeGreaterThanOrEqual(0);
    expect(place).toBeLessThan(stageOf(100));
  });

  test("take about the share that they say", () => {
    const ids = Array.from({ length: 4096 }, (_, n) =>
      idOf("license", "00", new Date(0), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, n >> 8, n & 255)),
    );
    for (const percent of [1, 10, 50, 90]) {
      const share = ids.filter((id) => stagePlace(id) < stageOf(percent)).length / ids.length;
      expect(Math.abs(share * 100 - percent)).toBeLessThan(0.2);
    }
  });
});

test("an operator reads what was done with how many", () => {
  expect(progressOf({ kind: "licenses.bulk", action: "suspend", done: 450, total: 9000 })).toBe(
    "Suspended 450 of 9,000 licenses",
  );
  expect(progressOf({ kind: "licenses.import", action: null, done: 1234567, total: 10000000 })).toBe(
    "Imported 1,234,567 of 10,000,000 licenses",
  );
  expect(progressOf({ kind: "webhooks.replay", action: null, done: 450, total: 9000 })).toBe("Replayed 450 of 9,000 events");
});

describe("the rows of an upload", () => {
  test("of CSV are objects, in which an empty cell is absent and notes are gathered", () => {
    const text =
      "license_key,max_activations,expires_at,metadata.a,metadata.b\r\n k ,3,never,x,\r\nl,unlimited,,,\r\nm,many,2030-01-01,,y z";
    expect(rowsOfCsv(text)).toEqual([
      { row: 1, value: { license_key: " k ", max_activations: 3, expires_at: null, metadata: { a: "x" } } },
      { row: 2, value: { license_key: "l", max_activations: null } },
      { row: 3, value: { license_key: "m", max_activations: "many", expires_at: "2030-01-01", metadata: { b: "y z" } } },
    ]);
  });

  test("whose fields are not as many as the header's are told by their number", () => {
    const rows = rowsOfCsv("license_key,issued_to\r\na\r\nb,c,d\r\ne,f");
    expect(rows).toMatchObject([
      { row: 1, fault: { code: "field_count" } },
      { row: 2, fault: { code: "field_count" } },
      { row: 3 },
    ]);
  });

  test.each(["metadata.", "metadata.__proto__", "Metadata.a", "colour", ""])("a column named %j is refused", (name) => {
    expect(rowsOfCsv(`license_key,"${name}"\r\na,b`)).toMatchObject({ code: "unknown_column" });
  });

  test("of NDJSON are its lines, and a bad one is told by its number", () => {
    expect(rowsOfNdjson('{"a":1}\r\n\n{\n[2]', JSON.parse)).toMatchObject([
      { row: 1, value: { a: 1 } },
      { row: 2, value: null, fault: { row: 2, code: "malformed_json" } },
      { row: 3, value: [2] },
    ]);
    expect(rowsOfNdjson("\n \n", JSON.parse)).toMatchObject({ code: "empty_file" });
  });

  test("are at most ten thousand", () => {
    expect(rowsOfCsv(`license_key\n${"k\n".repeat(10_000)}`)).toHaveLength(10_000);
    expect(rowsOfCsv(`license_key\n${"k\n".repeat(10_001)}`)).toMatchObject({ code: "too_many_rows" });
    expect(rowsOfNdjson("1\n".repeat(10_000), JSON.parse)).toHaveLength(10_000);
    expect(rowsOfNdjson("1\n".repeat(10_001), JSON.parse)).toMatchObject({ code: "too_many_rows" });
  });
});
