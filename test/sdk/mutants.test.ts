import { fc, test as each } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { createVerifier } from "../../sdk/verifier/index.ts";
import { genuineFiles } from "../../tools/vectors/genuine.ts";
import { mutant } from "../../tools/vectors/mutations.ts";

// The recorded run of a million, with Python beside it, is `npm run proof -- mutated-files`.

const genuine = await genuineFiles();
const verifier = createVerifier(genuine.trust);
const codeOf = async (text: string) => (await verifier.verify(text, genuine.how)).code;

test("the files that are mutated are taken as they are", async () => {
  expect(new Set(await Promise.all(genuine.files.map(codeOf)))).toEqual(new Set(["OK"]));
});

each.prop([fc.integer()], { numRuns: 5_000 })("no mutated file is taken", async (seed) => {
  const text = mutant(seed, genuine.files);
  fc.pre(!genuine.isMadeOf(text));
  expect(await codeOf(text)).not.toBe("OK");
});

each.prop([fc.nat(), fc.string({ unit: "binary", maxLength: 300 })], { numRuns: 1_000 })(
  "nor is one into which anything was written, and none makes the verifier throw",
  async (at, text) => {
    const file = genuine.files[at % genuine.files.length] ?? "";
    const where = at % file.length;
    fc.pre(text !== "" && !genuine.isMadeOf(file.slice(0, where) + text + file.slice(where)));
    expect(await codeOf(file.slice(0, where) + text + file.slice(where))).not.toBe("OK");
    expect(await codeOf(text)).not.toBe("OK");
  },
);
