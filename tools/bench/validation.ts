import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { convertV4MiniflareOptions, Miniflare, type V4MiniflareOptions } from "miniflare";
import { apiKeyDigest, newApiKey } from "../../workers/kernel/keys.ts";
import { keyring } from "../../workers/kernel/keyring.ts";
import type { Say } from "../say.ts";
import { apiAt } from "../start/api.ts";
import { root } from "../start/home.ts";
import { childEnv, wranglerCli } from "../start/wrangler.ts";
import { cpuMs, load, quantile, workerds, type Shot } from "./load.ts";

const CONNECTIONS = 16;
const SECONDS = 6;
const ROUNDS = 3;
const COMPATIBILITY_DATE = "2026-10-12";

/** A worker that does nothing but answer: what a request costs before any of our code. */
const BARE = `export default { fetch: () => new Response('{"ok":true}', { headers: { "content-type": "application/json" } }) }`;

const secret = (byte: number) => `1=${Buffer.alloc(32, byte).toString("base64url")}`;

/** A worker in a workerd of its own, reached on its own socket, without any proxy in front. */
type Running = { mf: Miniflare; url: URL; pid: number };

async function start(options: V4MiniflareOptions): Promise<Running> {
  const before = new Set(workerds());
  const settings: V4MiniflareOptions = {
    compatibilityDate: COMPATIBILITY_DATE,
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    ...options,
  };
  const mf = new Miniflare(convertV4MiniflareOptions(settings));
  await mf.ready;
  const pid = workerds().find((each) => !before.has(each));
  if (pid === undefined) throw new Error("No workerd was started");
  return { mf, url: await mf.unsafeGetDirectURL(), pid };
}

/** Measures warm validations against a bare worker, in turns within one run, and says rate and processor time of both. */
export async function benchValidation(say: Say): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "latchkey-bench-"));
  try {
    say.progress("building the edge …");
    await promisify(execFile)(process.execPath, ["--no-warnings", wranglerCli, "deploy", "--dry-run", `--outdir=${folder}`], {
      cwd: root,
      env: childEnv({ WRANGLER_SEND_METRICS: "false", CI: "1" }),
    });
    const bare = await start({ modules: true, script: BARE });
    const edge = await start(edgeOptions(path.join(folder, "main.js")));
    try {
      await compare(bare, edge, await seeded(edge), say);
    } finally {
      await Promise.all([bare.mf.dispose(), edge.mf.dispose()]);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

function edgeOptions(scriptPath: string): V4MiniflareOptions {
  return {
    modules: [{ type: "ESModule", path: scriptPath }],
    modulesRoot: path.dirname(scriptPath),
    d1Databases: ["DB_00"],
    kvNamespaces: ["CACHE"],
    r2Buckets: ["FILES"],
    durableObjects: Object.fromEntries(
      ["Bell", "Feed", "Meter", "Nonces", "Quota", "Tally"].map((className) => [
        className.toUpperCase(),
        { className, useSQLite: true },
      ]),
    ),
    ratelimits: { SHIELD: { namespace_id: "1001", simple: { limit: 6000, period: 60 } } },
    bindings: {
      LATCHKEY_ENV: "development",
      LATCHKEY_PUBLIC_URL: "",
      LATCHKEY_PEPPERS: secret(1),
      LATCHKEY_PLATFORM_KEYS: secret(2),
      LATCHKEY_INTERNAL_SECRETS: secret(3),
    },
  };
}

/** A tenant with a license that a device holds a seat of; returns the question whether it may run. */
async function seeded({ mf, url }: Running): Promise<Shot> {
  const d1 = await mf.getD1Database("DB_00");
  const migrations = path.join(root, "db", "migrations");
  for (const file of (await readdir(migrations)).filter((name) => name.endsWith(".sql")).toSorted()) {
    const statements = (await readFile(path.join(migrations, file), "utf8")).split("--> statement-breakpoint");
    await d1.batch(statements.map((statement) => d1.prepare(statement)));
  }
  const operator = newApiKey("op", "00");
  await d1
    .prepare("insert into operator_keys (id, digest, name, last4, created_at) values ('opk_bench', ?, 'Bench', ?, 0)")
    .bind(await apiKeyDigest(keyring("LATCHKEY_PEPPERS", secret(1)), operator.text), operator.last4)
    .run();

  type Made = { id: string };
  const tenant = await apiAt(url.origin, operator.text).post<{ api_keys: { kind: string; livemode: boolean; secret: string }[] }>(
    "/v1/tenants",
    {
      name: "Bench",
      slug: "bench",
      owner_email: "owner@bench.example",
    },
  );
  const keyOf = (kind: string) => tenant.api_keys.find((key) => key.kind === kind && key.livemode)?.secret ?? "";
  const api = apiAt(url.origin, keyOf("secret"));
  const product = await api.post<Made>("/v1/products", { name: "P", code: "p" });
  const template = await api.post<Made>("/v1/templates", {
    name: "T",
    product_id: product.id,
    type: "subscription",
    model: "per_device",
  });
  const customer = await api.post<Made>("/v1/customers", { name: "C", email: "c@bench.example", kind: "person" });
  const license = await api.post<{ license_key: string }>("/v1/licenses", { template_id: template.id, customer_id: customer.id });
  const device = { license_key: license.license_key, fingerprint: "f".repeat(64) };
  await api.post("/v1/activations", device);
  const headers = { authorization: `Bearer ${keyOf("publishable")}`, "content-type": "application/json" };
  return { url: new URL("/v1/licenses/validate", url), method: "POST", headers, body: JSON.stringify(device) };
}

async function compare(bare: Running, edge: Running, validation: Shot, say: Say): Promise<void> {
  const nothing: Shot = {
    url: bare.url,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: validation.body ?? "",
  };
  const subjects = [
    { name: "bare worker", pid: bare.pid, shot: nothing, ok: (status: number) => status === 200 },
    {
      name: "validation",
      pid: edge.pid,
      shot: validation,
      ok: (status: number, body: string) => status === 200 && body.includes('"valid":true'),
    },
  ];
  const sums = subjects.map(() => ({ answers: 0, failed: 0, seconds: 0, cpu: 0, latencies: [] as number[] }));
  for (const { shot, ok } of subjects) await load(shot, CONNECTIONS, 1, ok); // warm
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { name, pid, shot, ok }] of subjects.entries()) {
      say.progress(`round ${round + 1} of ${ROUNDS}: ${name} …`);
      const before = cpuMs(pid);
      const { answers, failed, seconds, latenciesMs } = await load(shot, CONNECTIONS, SECONDS, ok);
      const sum = sums[index];
      if (!sum) continue;
      sum.answers += answers;
      sum.failed += failed;
      sum.seconds += seconds;
      sum.cpu += cpuMs(pid) - before;
      sum.latencies.push(...latenciesMs);
    }
  }
  const results = sums.map((sum) => ({ ...sum, perSecond: sum.answers / sum.seconds, cpuUs: (sum.cpu * 1000) / sum.answers }));
  for (const [index, { perSecond, cpuUs, failed, latencies }] of results.entries()) {
    const [p50, p95] = [0.5, 0.95].map((share) => quantile(latencies, share).toFixed(1));
    say.line(
      `${subjects[index]?.name.padEnd(12)} ${perSecond.toFixed(0).padStart(7)} answers/s  ${cpuUs.toFixed(0).padStart(6)} µs CPU each  p50 ${p50} ms  p95 ${p95} ms  ${failed} failed`,
    );
  }
  const [plain, ours] = results;
  if (plain && ours) {
    say.line(
      `validation against the bare worker: ${(ours.perSecond / plain.perSecond).toFixed(2)} of its rate, ${(ours.cpuUs / plain.cpuUs).toFixed(1)} times its CPU`,
    );
  }
}
