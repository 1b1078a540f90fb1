import path from "node:path";
import { convertV4MiniflareOptions, Miniflare, type V4MiniflareOptions } from "miniflare";
import { BENCH_SECRETS, bundled, configOf, type Built } from "../bench/workerd.ts";

/**
 * Several isolates of one edge, in one workerd: the same database and the same objects, and nothing else in common. Each has a second socket,
 * to what stands around the edge there.
 */
export type Isolates = { mf: Miniflare; urls: URL[]; besideUrls: URL[] };

const COUNTS = "BenchCounts";
const CONTROL = "ProofControl";
const SOCKET = { host: "127.0.0.1", port: 0 };
const nameOf = (n: number) => `edge-${n}`;

/** Starts `howMany` isolates of a built edge on the storage in `folder`. The first one is where the objects live. `beside` is what the second sockets lead to. */
export async function startIsolates({ modules }: Built, howMany: number, folder: string, beside = COUNTS): Promise<Isolates> {
  const config = configOf();
  const worker = (n: number) => ({
    name: nameOf(n),
    compatibilityDate: config.compatibility_date ?? "",
    modules,
    modulesRoot: path.dirname(modules[0]?.path ?? ""),
    unsafeDirectSockets: [SOCKET, { ...SOCKET, entrypoint: beside }],
    d1Databases: Object.fromEntries(config.d1_databases.map(({ binding }) => [binding, binding])),
    kvNamespaces: Object.fromEntries(config.kv_namespaces.map(({ binding }) => [binding, binding])),
    r2Buckets: Object.fromEntries(config.r2_buckets.map(({ binding }) => [binding, binding.toLowerCase()])),
    durableObjects: Object.fromEntries(
      config.durable_objects.bindings.map(({ name, class_name: className }) => [
        name,
        { className, useSQLite: true, ...(n === 0 ? {} : { scriptName: nameOf(0) }) },
      ]),
    ),
    ratelimits: Object.fromEntries(
      config.ratelimits.map(({ name, namespace_id, simple }) => [name, { namespace_id, simple: { ...simple, limit: 1e9 } }]),
    ),
    // the caller says where it comes from
    bindings: { LATCHKEY_ENV: "development", LATCHKEY_PUBLIC_URL: "https://proof.example", ...BENCH_SECRETS },
  });
  const workers = Array.from({ length: howMany }, (_, n) => worker(n));
  const options: V4MiniflareOptions = { workers, resourcePersistencePath: folder };
  const mf = new Miniflare(convertV4MiniflareOptions(options));
  await mf.ready;
  const all = Array.from({ length: howMany }, (_, n) => nameOf(n));
  return {
    mf,
    urls: await Promise.all(all.map((name) => mf.unsafeGetDirectURL(name))),
    besideUrls: await Promise.all(all.map((name) => mf.unsafeGetDirectURL(name, beside))),
  };
}

/** The same for an edge whose parts may die; the second sockets take the deaths. */
export async function startMortals(built: Built, howMany: number, folder: string): Promise<Isolates> {
  const beside = path.dirname(built.modules[0]?.path ?? "");
  const mortal = await bundled(path.join(import.meta.dirname, "mortal.ts"));
  const objects = configOf().durable_objects.bindings.map(({ class_name: name }) => name);
  const entry = `import { WorkerEntrypoint } from "cloudflare:workers";
import edge, * as parts from "./main.js";
import { mortal, mortalBindings } from "./mortal.js";
const { worker, control } = mortal(edge);
export default worker;
${objects.map((name) => `export class ${name} extends parts.${name} { constructor(ctx, env) { super(ctx, mortalBindings(env)); } }`).join("\n")}
export class ${CONTROL} extends WorkerEntrypoint { fetch(request) { return control(request); } }`;
  const module = (name: string, contents: string) => ({ type: "ESModule" as const, path: path.join(beside, name), contents });
  const main = built.modules.filter((each) => path.basename(each.path) === "main.js");
  const modules = [module("mortals.js", entry), module("mortal.js", mortal), ...main];
  return startIsolates({ ...built, modules }, howMany, folder, CONTROL);
}
