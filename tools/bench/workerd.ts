import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare, type V4MiniflareOptions } from "miniflare";
import { unstable_readConfig as readConfig } from "wrangler";
import type { Env } from "#kernel/env";
import { root } from "../start/home.ts";
import { childEnv, wranglerCli } from "../start/wrangler.ts";

/** A worker in a workerd of its own, reached on its own socket, without any proxy in front; where its calls are counted, the counts on another. */
export type Running = { mf: Miniflare; url: URL; countsUrl: URL | null; pid: number };

/** The entrypoint that answers the counts. */
const COUNTS = "BenchCounts";

/** A worker that does nothing but answer: what a request costs before any of our code. */
const BARE = `export default { fetch: () => new Response('{"ok":true}', { headers: { "content-type": "application/json" } }) }`;

/** The same for a request that brings JSON, as every question to us does: it is read, parsed and written back in part. */
const BARE_POST = `export default { async fetch(request) {
  const asked = await request.json();
  return Response.json({ ok: true, nonce: asked.nonce ?? null });
} }`;

const secret = (byte: number) => `1=${Buffer.alloc(32, byte).toString("base64url")}`;

/** The secrets of the measured edge. Rows are made for it outside of it, with digests and seals of the same secrets. */
export const BENCH_SECRETS = {
  LATCHKEY_PEPPERS: secret(1),
  LATCHKEY_PLATFORM_KEYS: secret(2),
  LATCHKEY_INTERNAL_SECRETS: secret(3),
};

/** As much of the edge's bindings as making digests and seals takes. */
export const benchEnv = BENCH_SECRETS as unknown as Env;

/** The edge as it is deployed, in a folder of its own. */
export type Built = { modules: { type: "ESModule"; path: string; contents: string }[]; remove: () => Promise<void> };

/** Builds the edge, and puts what counts its calls around it. */
export async function buildEdge(): Promise<Built> {
  const folder = await mkdtemp(path.join(tmpdir(), "latchkey-bench-"));
  await promisify(execFile)(process.execPath, ["--no-warnings", wranglerCli, "deploy", "--dry-run", `--outdir=${folder}`], {
    cwd: root,
    env: childEnv({ WRANGLER_SEND_METRICS: "false", CI: "1" }),
  });
  // the counts have a socket of their own: looking at each request for whether it asks for them would cost what is measured
  const entry = `import { WorkerEntrypoint } from "cloudflare:workers";
import edge from "./main.js"; export * from "./main.js";
import { counting } from "./counting.js";
const { worker, counts } = counting(edge);
export default worker;
export class ${COUNTS} extends WorkerEntrypoint { fetch(request) { return counts(request); } }`;
  const module = (name: string, contents: string) => ({ type: "ESModule" as const, path: path.join(folder, name), contents });
  return {
    modules: [
      module("entry.js", entry),
      module("counting.js", await bundled(path.join(import.meta.dirname, "counting.ts"))),
      module("main.js", await readFile(path.join(folder, "main.js"), "utf8")),
    ],
    remove: () => rm(folder, { recursive: true }),
  };
}

/** A file of ours and what it imports, as one module that workerd can load. */
export async function bundled(file: string): Promise<string> {
  const { outputFiles } = await build({ entryPoints: [file], bundle: true, write: false, format: "esm", target: "esnext" });
  return outputFiles.map(({ text }) => text).join("");
}

/** Starts the bare worker; `post` is the one that reads JSON. */
export const startBare = (kind: "get" | "post"): Promise<Running> =>
  start({ modules: true, script: kind === "get" ? BARE : BARE_POST });

/** What of wrangler.toml an edge is started with. */
type Config = {
  compatibility_date?: string;
  durable_objects: { bindings: { name: string; class_name: string }[] };
  d1_databases: { binding: string }[];
  kv_namespaces: { binding: string }[];
  r2_buckets: { binding: string }[];
  ratelimits: { name: string; namespace_id: string; simple: { limit: number; period: 10 | 60 } }[];
};

/** What wrangler.toml says. */
export const configOf = (): Config => readConfig({ config: path.join(root, "wrangler.toml") });

/** Starts a built edge with the bindings of wrangler.toml, all of them empty. */
export function startEdge({ modules }: Built): Promise<Running> {
  const config = configOf();
  const objects = config.durable_objects.bindings.map(({ name, class_name: className }) => [
    name,
    { className, useSQLite: true },
  ]);
  return start({
    unsafeDirectSockets: [SOCKET, { ...SOCKET, entrypoint: COUNTS }],
    modules,
    modulesRoot: path.dirname(modules[0]?.path ?? ""),
    d1Databases: config.d1_databases.map(({ binding }) => binding),
    kvNamespaces: config.kv_namespaces.map(({ binding }) => binding),
    r2Buckets: config.r2_buckets.map(({ binding }) => binding),
    durableObjects: Object.fromEntries(objects),
    ratelimits: Object.fromEntries(
      // one address sends more here than one ever should
      config.ratelimits.map(({ name, namespace_id, simple }) => [name, { namespace_id, simple: { ...simple, limit: 1e9 } }]),
    ),
    bindings: { LATCHKEY_ENV: "production", LATCHKEY_PUBLIC_URL: "https://bench.example", ...BENCH_SECRETS },
  });
}

const SOCKET = { host: "127.0.0.1", port: 0 };

async function start(options: V4MiniflareOptions): Promise<Running> {
  const before = new Set(workerds());
  const { compatibility_date: compatibilityDate = "" } = configOf();
  const settings: V4MiniflareOptions = {
    compatibilityDate,
    unsafeDirectSockets: [SOCKET],
    ...options,
  };
  const mf = new Miniflare(convertV4MiniflareOptions(settings));
  await mf.ready;
  const pid = workerds().find((each) => !before.has(each) && isOurs(each));
  if (pid === undefined) throw new Error("No workerd was started");
  const isCounted = settings["durableObjects"] !== undefined;
  return { mf, url: await mf.unsafeGetDirectURL(), countsUrl: isCounted ? await mf.unsafeGetDirectURL("", COUNTS) : null, pid };
}

/** The workerd processes that live now. */
function workerds(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)?.name === "workerd");
}

/** The workerd processes that this one has started. */
export const ourWorkerds = (): number[] => workerds().filter(isOurs);

/** Others on this machine start a workerd at the same moment: ours is a child of this process. */
function isOurs(pid: number): boolean {
  for (let each = statOf(pid)?.parent; each !== undefined && each > 1; each = statOf(each)?.parent) {
    if (each === process.pid) return true;
  }
  return false;
}

const TICKS_A_SECOND = 100;

/** The processor time that a process with all its threads has used so far, in milliseconds (Linux). */
export function cpuMs(pid: number): number {
  const ticks = statOf(pid)?.ticks;
  if (ticks === undefined) throw new Error(`Process ${pid} is gone`);
  return (ticks * 1000) / TICKS_A_SECOND;
}

/** What /proc says of a process; undefined when it ended. */
function statOf(pid: number): { name: string; parent: number; ticks: number } | undefined {
  try {
    const [, name = "", rest = ""] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    const fields = rest.split(" ");
    return { name, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) };
  } catch {
    return undefined;
  }
}
