import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { root } from "../start/home.ts";
import { childEnv } from "../start/wrangler.ts";

const running = new Set<ChildProcess>();

/** What a program did: its exit status (null when a signal ended it), and how long it took. */
export type Ran = { code: number | null; ms: number };

/** Runs a program of the project to its end with everything it prints in a log. `onLine` sees each line as it comes. */
export async function runLogged(
  command: string[],
  log: string,
  env: Record<string, string>,
  onLine: (line: string) => void = () => {},
): Promise<Ran> {
  const startedMs = performance.now();
  const [program = "", ...args] = command;
  const file = createWriteStream(log);
  const child = spawn(program, args, { cwd: root, env: childEnv({ ...env, NO_COLOR: "1" }), stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  for (const stream of [child.stdout, child.stderr]) {
    let unfinished = "";
    stream.on("data", (chunk: Buffer) => {
      file.write(chunk);
      const lines = (unfinished + chunk.toString()).split("\n");
      unfinished = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    });
  }
  const code = await new Promise<number | null>((resolve) => {
    child.once("error", (error) => {
      file.write(`${error.message}\n`);
      resolve(127);
    });
    child.once("close", resolve);
  });
  running.delete(child);
  file.end();
  await finished(file);
  return { code, ms: performance.now() - startedMs };
}

/** Ends what runs now; called when the tests themselves are told to stop. */
export function endRunning(): void {
  for (const child of running) child.kill("SIGTERM");
}
