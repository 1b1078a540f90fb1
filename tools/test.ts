import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { endWith, type Say, sayTo, silent } from "./say.ts";
import { homeAt } from "./start/home.ts";
import { claimHome } from "./start/pids.ts";
import { runPython } from "./test/python.ts";
import { endRunning } from "./test/run.ts";
import { readWanted, usage } from "./test/options.ts";
import { read, runVitest, seconds, setUp, type Tally } from "./test/steps.ts";

/** `npm test`: every check and test, in a home and on ports of its own, so that it may run beside `npm start`. */
async function main(): Promise<void> {
  const wanted = readWanted(process.argv.slice(2));
  if (wanted.help) return console.log(usage);

  const home = homeAt(process.env["LATCHKEY_HOME"] ?? ".latchkey/test").folder;
  const place = { home, logs: path.join(home, "logs") };
  await mkdir(place.logs, { recursive: true, mode: 0o700 });

  const say = sayTo(process.stdout);
  const tally = tallyOf(say);
  const startedMs = performance.now();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, endRunning);

  const inProcess = wanted.projects.filter((project) => project !== "e2e");
  const coverage = inProcess.length === 8; // a part of the tests covers a part of the code: that says nothing
  try {
    if (wanted.projects.length > 0) await setUp(tally);
    await read(wanted.readings, place, tally);
    if (inProcess.length > 0) await runVitest("tests", inProcess, coverage, place, tally);
    if (wanted.languages.includes("python")) await runPython(place, tally);
    if (wanted.projects.includes("e2e")) await runVitest("e2e", ["e2e"], false, place, tally);
  } finally {
    await endLeftovers(home);
  }
  say.line(
    `  ${"all".padEnd(14)} ${seconds(performance.now() - startedMs)}; logs in ${path.relative(process.cwd(), place.logs)}`,
  );
  say.line(`${tally.passed} passed, ${tally.failed} failed`);
  if (tally.failed > 0 || tally.passed === 0) process.exitCode = 1;
}

function tallyOf(say: Say): Tally {
  return {
    passed: 0,
    failed: 0,
    say,
    tell: (name, what, ms) =>
      say.line(`  ${name.padEnd(14)} ${what.padEnd(28)} ${ms === undefined ? "" : seconds(ms)}`.trimEnd()),
  };
}

/** Ends what a test that was killed left running in a home below ours. */
async function endLeftovers(folder: string): Promise<void> {
  for (const name of [".", ...(await readdir(folder))]) {
    const below = homeAt(path.join(folder, name));
    if (!existsSync(below.pids)) continue;
    const groups = await claimHome(below, silent).catch(() => undefined); // one that still runs is not ours to end
    groups?.close();
  }
}

await main().catch(endWith);
