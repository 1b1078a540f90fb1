import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { root } from "../../tools/start/home.ts";
import { countsByFolder, coveredLines } from "../../tools/test/vitest-report.ts";
import { emptyFolder } from "./folder.ts";

async function report(testResults: { name: string; status: string; statuses: string[] }[]): Promise<string> {
  const file = path.join(await emptyFolder(), "report.json");
  const results = testResults.map(({ name, status, statuses }) => ({
    name: path.join(root, "test", name),
    status,
    assertionResults: statuses.map((each) => ({ status: each })),
  }));
  await writeFile(file, JSON.stringify({ testResults: results }));
  return file;
}

test("tests are counted by their folder, skipped ones as neither", async () => {
  const file = await report([
    { name: "rules/a.test.ts", status: "failed", statuses: ["passed", "failed", "pending", "todo"] },
    { name: "rules/deep/b.test.ts", status: "passed", statuses: ["passed"] },
    { name: "host/c.test.ts", status: "passed", statuses: ["passed", "passed"] },
  ]);
  expect(Object.fromEntries(await countsByFolder(file))).toEqual({
    rules: { passed: 2, failed: 1, skipped: 2 },
    host: { passed: 2, failed: 0, skipped: 0 },
  });
});

test("a file that does not load is a failure, although it ran no test", async () => {
  const file = await report([{ name: "rules/a.test.ts", status: "failed", statuses: [] }]);
  expect((await countsByFolder(file)).get("rules")).toEqual({ passed: 0, failed: 1, skipped: 0 });
});

test("no coverage is not full coverage", async () => {
  const folder = await emptyFolder();
  expect(await coveredLines(path.join(folder, "none.json"))).toBeUndefined();
  const empty = path.join(folder, "empty.json");
  await writeFile(empty, JSON.stringify({ total: { lines: { pct: "Unknown" } } }));
  expect(await coveredLines(empty)).toBeUndefined();
});
