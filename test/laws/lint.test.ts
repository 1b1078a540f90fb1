import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = path.join(import.meta.dirname, "../..");

let planted: string;
beforeAll(() => {
  planted = mkdtempSync(path.join(tmpdir(), "latchkey-lint-"));
  cpSync(path.join(root, ".oxlintrc.json"), path.join(planted, ".oxlintrc.json"));
});
afterAll(() => rmSync(planted, { recursive: true }));

/** The rules that a file breaks under the project's own configuration. */
function brokenBy(file: string, text: string): string[] {
  mkdirSync(path.join(planted, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(planted, file), text);
  try {
    execFileSync(path.join(root, "node_modules/.bin/oxlint"), ["--format=unix", file], { cwd: planted, encoding: "utf8" });
    return [];
  } catch (error) {
    const { stdout } = error as { stdout: string };
    return [...stdout.matchAll(/\[Error\/([^\]]+)\]/g)].map((match) => match[1] ?? "");
  }
}

const lines = (count: number) => `export function f(a: number): number {\n${"  a += 1;\n".repeat(count)}  return a;\n}\n`;

test.each([
  ["a function of more than 70 lines", "workers/sales/long.ts", lines(80), "eslint(max-lines-per-function)"],
  ["the process in a worker", "workers/sales/env.ts", "export const x = process.env;\n", "eslint(no-restricted-globals)"],
  [
    "a builtin of Node in a worker",
    "workers/sales/fs.ts",
    'import { x } from "node:fs";\nexport const y = x;\n',
    "eslint(no-restricted-imports)",
  ],
  ["the platform's Temporal in a rule", "workers/rules/now.ts", "export const x = Temporal;\n", "eslint(no-restricted-globals)"],
  ["a clock in a rule", "workers/rules/clock.ts", "export const x = Date.now();\n", "eslint(no-restricted-properties)"],
  ["any", "workers/sales/any.ts", "export const x = (y: any): string => String(y);\n", "typescript(no-explicit-any)"],
  ["a log in the product", "worker-host/log.ts", 'console.log("x");\n', "eslint(no-console)"],
])("lint catches %s", (_, file, text, rule) => {
  expect(brokenBy(file, text)).toContain(rule);
});

test("lint lets a short function be", () => {
  expect(brokenBy("workers/sales/short.ts", lines(10))).toEqual([]);
});
