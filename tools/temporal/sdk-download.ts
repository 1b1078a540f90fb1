import { execFile } from "node:child_process";
import { mkdtemp, readdir, rename, rm, chmod } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { Say } from "../say.ts";
import type { TemporalProgram } from "./program.ts";

const run = promisify(execFile);
const downloadHost = "https://temporal.download";
const reachableWithinMs = 3_000;
const downloadWithinMs = 120_000;

/**
 * Lets Temporal's own SDK download the program to `target`. Says false, never throws: another way is tried then.
 * The SDK offers no way to stop a download, so it runs in a process of its own that is ended when its time is up.
 */
export async function downloadBySdk(program: TemporalProgram, target: string, say: Say): Promise<boolean> {
  if (!(await isReachable(downloadHost))) return false;
  say.progress(`Getting ${program.command} ${program.version} from temporal.download`);
  const folder = await mkdtemp(path.join(path.dirname(target), ".sdk-"));
  try {
    await run(process.execPath, ["--input-type=module", "--eval", downloadScript(program, folder)], {
      cwd: path.join(import.meta.dirname, "..", ".."),
      timeout: downloadWithinMs,
      killSignal: "SIGKILL",
    });
    const [downloaded] = await readdir(folder);
    if (downloaded === undefined) return false;
    await chmod(path.join(folder, downloaded), 0o755);
    await rename(path.join(folder, downloaded), target);
    say.line(`Got ${program.command} ${program.version}`);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function isReachable(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(reachableWithinMs) });
    // A proxy that refuses answers too; only the real host answers below 400 or says that there is no such page.
    return answer.status < 400 || answer.status === 404;
  } catch {
    return false;
  }
}

function downloadScript(program: TemporalProgram, folder: string): string {
  const start = program.kind === "server" ? "createLocal" : "createTimeSkipping";
  const executable = { type: "cached-download", version: `v${program.version}`, downloadDir: folder };
  return `import { TestWorkflowEnvironment } from "@temporalio/testing";
const environment = await TestWorkflowEnvironment.${start}({ server: { executable: ${JSON.stringify(executable)} } });
await environment.teardown();`;
}
