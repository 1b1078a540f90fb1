import { readFile } from "node:fs/promises";
import path from "node:path";
import { root } from "../start/home.ts";

/** How many tests of a project passed and failed; skipped ones are neither. */
export type Count = { passed: number; failed: number; skipped: number };

type Report = { testResults: { name: string; status: string; assertionResults: { status: string }[] }[] };

/** The counts of vitest's JSON report by the folder under `test/`. A file that could not even be loaded is one failure. */
export async function countsByFolder(reportFile: string): Promise<Map<string, Count>> {
  const report: Report = JSON.parse(await readFile(reportFile, "utf8"));
  const counts = new Map<string, Count>();
  for (const file of report.testResults) {
    const [folder = ""] = path.relative(path.join(root, "test"), file.name).split(path.sep);
    const count = counts.get(folder) ?? { passed: 0, failed: 0, skipped: 0 };
    const having = (status: string) => file.assertionResults.filter((result) => result.status === status).length;
    const failed = having("failed");
    count.passed += having("passed");
    count.failed += file.status === "failed" && failed === 0 ? 1 : failed;
    count.skipped += having("pending") + having("skipped") + having("todo");
    counts.set(folder, count);
  }
  return counts;
}

/** Percent of lines covered, from the summary that the coverage run wrote; undefined when there is none. */
export async function coveredLines(summaryFile: string): Promise<number | undefined> {
  const text = await readFile(summaryFile, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const summary: { total: { lines: { pct: number | "Unknown" } } } = JSON.parse(text);
  return typeof summary.total.lines.pct === "number" ? summary.total.lines.pct : undefined;
}
