import { expect, test } from "vitest";
import { Advice } from "../../tools/say.ts";
import { readOptions } from "../../tools/start/options.ts";
import { readWanted } from "../../tools/test/options.ts";

test("npm start plays the demo and keeps data unless told otherwise", () => {
  expect(readOptions([])).toEqual({ reset: false, demo: true, help: false });
  expect(readOptions(["--reset", "--no-demo"])).toEqual({ reset: true, demo: false, help: false });
});

test("an option that npm start does not know is named, and the known ones are shown", () => {
  expect(() => readOptions(["--rest"])).toThrow(Advice);
  expect(() => readOptions(["--rest"])).toThrow(/--rest[^]*--reset/);
  expect(() => readOptions(["reset"])).toThrow(/reset/);
});

test("npm test runs everything, or the parts that --only names", () => {
  const all = readWanted([]);
  expect(all.readings).toEqual(["types", "lint", "format", "imports"]);
  expect(all.projects).toHaveLength(9);
  expect(readWanted(["--only", "rules, types"])).toEqual({
    readings: ["types"],
    projects: ["rules"],
    languages: [],
    help: false,
  });
});

test("a part that npm test does not know is named instead of running nothing", () => {
  expect(() => readWanted(["--only", "rules,egde"])).toThrow(/"egde"/);
});
