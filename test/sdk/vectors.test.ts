import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { VECTORS, vectors } from "../../tools/make-vectors.ts";
import { answerTo, type Vector } from "./answers.ts";

const published = readFileSync(VECTORS, "utf8");
const { cases } = JSON.parse(published) as { cases: Vector[] };

test.each(cases.map((vector) => [vector.name, vector] as const))("vector: %s", async (_, vector) => {
  expect(await answerTo(vector)).toEqual(vector.expected);
});

test("there are at least 150 vectors, good and bad, and every code occurs", async () => {
  const { OLP_CODES } = await import("#rules/licensing/olp/codes");
  const codes = cases.flatMap((vector) => (vector.kind === "verify" ? [vector.expected.code] : []));
  expect(codes.length).toBeGreaterThanOrEqual(150);
  expect(OLP_CODES.filter((code) => !codes.includes(code))).toEqual([]);
  expect(codes.filter((code) => code === "OK").length).toBeGreaterThanOrEqual(50);
});

test("the published file is what the generator makes", async () => {
  expect((await vectors()) === published).toBe(true);
});
