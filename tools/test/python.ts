import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { root } from "../start/home.ts";
import { tailOf } from "../start/supervise.ts";
import { cacheFolder } from "../temporal.ts";
import { signedDeliveries } from "./deliveries.ts";
import { runLogged } from "./run.ts";
import type { Place, Tally } from "./steps.ts";

const run = promisify(execFile);
const sdk = path.join("sdk", "python");
const shownLines = 40;

/** What is tested in Python: the verifier of license files, and that deliveries are verified by the library that receivers use. */
const suites = [
  { name: "verifier", in: path.join(sdk, "tests"), top: sdk },
  { name: "deliveries", in: path.join("test", "python"), top: path.join("test", "python") },
];

/** Runs the tests in Python, in an environment of its own that is made once. Counts each case. */
export async function runPython(place: Place, tally: Tally): Promise<void> {
  const startedMs = performance.now();
  const total = { passed: 0, failed: 0 };
  try {
    const python = await environment();
    const deliveries = path.join(place.logs, "deliveries.json");
    await writeFile(deliveries, JSON.stringify(await signedDeliveries(new Date())));
    for (const suite of suites) {
      const log = path.join(place.logs, `python-${suite.name}.log`);
      const env = { PYTHONDONTWRITEBYTECODE: "1", LATCHKEY_DELIVERIES: deliveries };
      const { code } = await runLogged([python, "-m", "unittest", "discover", "-s", suite.in, "-t", suite.top], log, env);
      const { passed, failed } = counted(await readFile(log, "utf8"), code);
      total.passed += passed;
      total.failed += failed;
      if (failed > 0) tally.say.line(tailOf(log, shownLines));
    }
    tally.passed += total.passed;
    tally.failed += total.failed;
    const said = total.failed === 0 ? `${total.passed} passed` : `${total.passed} passed, ${total.failed} FAILED`;
    tally.tell("python", said, performance.now() - startedMs);
  } catch (error) {
    tally.failed += 1;
    tally.tell("python", "FAILED to begin", performance.now() - startedMs);
    tally.say.line(`${error instanceof Error ? error.message : String(error)}
The tests in Python need Python 3.10 or newer with venv and pip, and the package registry for its first run.
Install them (Debian: apt-get install python3-venv), or leave this part out: npm test -- --only rules,sdk,edge`);
  }
}

/** What unittest said. A run that ended badly without a count failed once. */
export function counted(output: string, code: number | null): { passed: number; failed: number } {
  const ran = Number(/^Ran (\d+) tests? in/m.exec(output)?.[1] ?? 0);
  const failures = [...output.matchAll(/(?:failures|errors)=(\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
  const failed = code === 0 && ran > 0 ? 0 : Math.max(1, failures);
  return { passed: Math.max(0, ran - failures), failed };
}

/** The Python of a virtual environment that holds exactly what `requirements.txt` pins. Another text makes another environment. */
export async function environment(): Promise<string> {
  const requirements = path.join(root, sdk, "requirements.txt");
  const pinned = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex")
    .slice(0, 12);
  const folder = path.join(cacheFolder(), `python-${pinned}`);
  const python = path.join(folder, "bin", "python");
  const ready = path.join(folder, "ready");
  if (existsSync(ready)) return python;

  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await run("python3", ["-m", "venv", folder], { timeout: 120_000 });
  const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", requirements];
  await run(python, install, { timeout: 300_000 });
  await writeFile(ready, "");
  return python;
}
