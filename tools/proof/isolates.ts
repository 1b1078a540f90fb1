import path from "node:path";
import { convertV4MiniflareOptions, Miniflare, type V4MiniflareOptions } from "miniflare";
import { BENCH_SECRETS, configOf, type Built } from "../bench/workerd.ts";

/** Several isolates of one edge, in one workerd: the same database and the same objects, and nothing else in common. */
export type Isolates = { mf: Miniflare; urls: URL[]; countsUrls: URL[] };

const COUNTS = "BenchCounts";
const SOCKET = { host: "127.0.0.1", port: 0 };
const nameOf = (n: number) => `edge-${n}`;

/** Starts `howMany` isolates of a built edge on the storage in `folder`. The first one is where the objects live. */
export async function startIsolates({ modules }: Built, howMany: number, folder: string): Promise<Isolates> {
  const config = configOf();
  const worker = (n: number) => ({
    name: nameOf(n),
    compatibilityDate: config.compatibility_date ?? "",
    modules,
    modulesRoot: path.dirname(modules[0]?.path ?? ""),
    unsafeDirectSockets: [SOCKET, { ...SOCKET, entrypoint: COUNTS }],
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
    countsUrls: await Promise.all(all.map((name) => mf.unsafeGetDirectURL(name, COUNTS))),
  };
}
