import { execFile } from "node:child_process";
import { build, type BuildOptions } from "esbuild";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

const root = path.join(import.meta.dirname, "..");
const source = path.join(root, "sdk", "verifier");

/** The two modules of the package: what checks files, and what a device makes. */
const ENTRIES = { verifier: "index.ts", device: "device.ts" } as const;

/** One of them, minified, for browsers, Node and workerd. */
export const bundle = (entry: keyof typeof ENTRIES): Promise<string> =>
  built(path.join(source, ENTRIES[entry]), { minify: true, platform: "neutral", target: "es2022" });

/** The command line program as one file for Node 20 or newer: it can be carried to a machine without a network. */
export const cli = (): Promise<string> =>
  built(path.join(root, "sdk", "cli", "latchkey.ts"), { platform: "node", target: "node20" });

async function built(entry: string, how: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    ...how,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    legalComments: "none",
  });
  const [file] = outputFiles;
  if (!file) throw new Error("Nothing was built");
  return file.text;
}

/** How many bytes a text is as it travels. */
export const gzipped = (text: string) => gzipSync(text, { level: 9 }).byteLength;

/** Makes the package in a folder, ready to be published: two modules, their types, what npm has to know of it. */
export async function writePackage(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const entry of ["verifier", "device"] as const) await writeFile(path.join(folder, `${entry}.js`), await bundle(entry));
  const types = ["-p", path.join(source, "tsconfig.types.json"), "--outDir", path.join(folder, "types")];
  await promisify(execFile)(path.join(root, "node_modules", ".bin", "tsc"), types);
  await copyFile(path.join(source, "manifest.json"), path.join(folder, "package.json"));
  await copyFile(path.join(source, "README.md"), path.join(folder, "README.md"));
}

/** Makes the package in sdk/verifier/dist, and the command line program in sdk/cli/dist. */
async function main(): Promise<void> {
  const dist = path.join(source, "dist");
  await writePackage(dist);
  for (const entry of ["verifier", "device"] as const) {
    const text = await readFile(path.join(dist, `${entry}.js`), "utf8");
    console.log(`sdk/verifier/dist/${entry}.js: ${text.length} bytes, ${gzipped(text)} gzipped`);
  }
  const program = path.join(root, "sdk", "cli", "dist", "latchkey.mjs");
  await mkdir(path.dirname(program), { recursive: true });
  await writeFile(program, await cli(), { mode: 0o755 });
  console.log("sdk/cli/dist/latchkey.mjs: one file for Node 20 or newer");
}

if (import.meta.main) await main();
