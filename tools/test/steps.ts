import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { buildAssets } from "../assets.ts";
import type { Say } from "../say.ts";
import { root } from "../start/home.ts";
import { tailOf } from "../start/supervise.ts";
import { temporalServer, temporalTestServer } from "../temporal.ts";
import type { Project, Reading } from "./options.ts";
import { runLogged } from "./run.ts";
import { type Count, countsByFolder, coveredLines } from "./vitest-report.ts";

/** What has been counted so far, and how a finished step is told. */
export type Tally = { passed: number; failed: number; tell: (name: string, what: string, ms?: number) => void; say: Say };

/** Where the logs and reports of a run go. */
export type Place = { home: string; logs: string };

const leastCoveredLines = 80;
const tailLines = 80;

const floors = [
  "workers",
  "mail",
  "db",
  "workflows",
  "worker-host",
  "simulators",
  "sdk",
  "tools",
  "examples",
  "test",
  "vitest.config.ts",
  "drizzle.config.ts",
];
const bin = (name: string) => path.join(root, "node_modules", ".bin", name);
const present = (names: string[]) => names.filter((name) => existsSync(path.join(root, name)));

const commands: Record<Reading, () => string[]> = {
  types: () => [bin("tsc"), "-p", "."],
  lint: () => [bin("oxlint"), "--type-aware", ...present(floors)],
  format: () => [bin("oxfmt"), "--check", ...present(floors)],
  imports: () => [bin("depcruise"), "--config", ".dependency-cruiser.cjs", ...present(floors)],
};

/** Gets what the tests need before they run: Temporal's two programs and the files that the edge serves. */
export async function setUp(tally: Tally): Promise<void> {
  const startedMs = performance.now();
  await Promise.all([buildAssets(), temporalServer(tally.say).then(() => temporalTestServer(tally.say))]);
  tally.passed += 1;
  tally.tell("set-up", "passed", performance.now() - startedMs);
}

/** Runs the checks that only read the code, two at a time. */
export async function read(wanted: Reading[], place: Place, tally: Tally): Promise<void> {
  const waiting = [...wanted];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await readOne(next, place, tally);
  };
  await Promise.all([worker(), worker()]);
}

async function readOne(name: Reading, place: Place, tally: Tally): Promise<void> {
  const log = path.join(place.logs, `${name}.log`);
  const { code, ms } = await runLogged(commands[name](), log, {});
  if (code === 0) tally.passed += 1;
  else tally.failed += 1;
  tally.tell(name, code === 0 ? "passed" : "FAILED", ms);
  if (code !== 0) tally.say.line(tailOf(log, tailLines));
}

/** Runs vitest over some projects and counts by folder. Coverage is measured where all that contribute to it run. */
export async function runVitest(name: string, projects: Project[], coverage: boolean, place: Place, tally: Tally): Promise<void> {
  const log = path.join(place.logs, `${name}.log`);
  const report = path.join(place.logs, `${name}.json`);
  const coverageFolder = path.join(place.home, "coverage");
  await Promise.all([rm(report, { force: true }), rm(coverageFolder, { recursive: true, force: true })]);
  const startedMs = performance.now();
  let files = 0;
  const { code, ms } = await runLogged(
    [
      process.execPath,
      path.join(root, "node_modules", "vitest", "vitest.mjs"),
      "run",
      "--passWithNoTests",
      // what runs in workerd is two projects: files that share a worker, and files that have one each
      ...projects.map((project) => (project === "edge" ? "--project=edge*" : `--project=${project}`)),
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...(coverage ? ["--coverage", `--coverage.reportsDirectory=${coverageFolder}`] : []),
    ],
    log,
    { LATCHKEY_HOME: place.home },
    (line) => {
      if (/^\s*[✓❯×↓]\s.*\.test\.ts/.test(line)) files += 1;
      tally.say.progress(`  ${name}: ${files} test files done, ${seconds(performance.now() - startedMs)}`);
    },
  );
  await countVitest(name, projects, report, code, ms, tally);
  if (code !== 0) tally.say.line(tailOf(log, tailLines));
  if (coverage) await judgeCoverage(path.join(coverageFolder, "coverage-summary.json"), tally);
}

async function countVitest(
  name: string,
  projects: Project[],
  report: string,
  code: number | null,
  ms: number,
  tally: Tally,
): Promise<void> {
  const counts = existsSync(report) ? await countsByFolder(report) : new Map<string, Count>();
  let failed = 0;
  for (const project of projects) {
    const {
      passed,
      failed: failures,
      skipped,
    } = counts.get(project === "edge" ? "workers" : project) ?? { passed: 0, failed: 0, skipped: 0 };
    tally.passed += passed;
    failed += failures;
    tally.tell(
      project,
      [`${passed} passed`, failures > 0 && `${failures} FAILED`, skipped > 0 && `${skipped} skipped`].filter(Boolean).join(", "),
    );
  }
  // vitest may also fail outside of any test: an error that nobody caught, a configuration that does not load
  if (code !== 0 && failed === 0) {
    failed = 1;
    tally.tell(name, `FAILED outside of any test (exit ${code})`);
  }
  tally.failed += failed;
  tally.tell(`${name} in all`, "", ms);
}

async function judgeCoverage(summary: string, tally: Tally): Promise<void> {
  const percent = await coveredLines(summary);
  const enough = percent !== undefined && percent >= leastCoveredLines;
  if (enough) tally.passed += 1;
  else tally.failed += 1;
  const measured = percent === undefined ? "not measured" : `${percent.toFixed(1)} % of lines`;
  tally.tell("coverage", enough ? measured : `FAILED: ${measured}, at least ${leastCoveredLines} % are asked`);
}

/** Milliseconds as a person reads them. */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
