import { expect, test } from "vitest";
import { readAsked } from "../../sdk/cli/asked.ts";

const OPTIONS = { roots: "texts", fingerprint: "text", keep: "flag" } as const;

test("a value that begins with a dash belongs to its option, and an option that follows one does not", () => {
  const asked = readAsked(["file", "--roots", "-abc,def", "--roots", "--x9,y", "--fingerprint", "-f", "--keep"], OPTIONS);
  expect(asked.texts("roots")).toEqual(["-abc,def", "--x9,y"]);
  expect([asked.text("fingerprint"), asked.flag("keep"), asked.positionals]).toEqual(["-f", true, ["file"]]);
  for (const args of [["--fingerprint", "--keep"], ["--fingerprint", "--roots=x"], ["--fingerprint"], ["--keep", "-x"], ["-x"]])
    expect(() => readAsked(args, OPTIONS), args.join(" ")).toThrow();
});
