import path from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { webhookKey } from "./simulators/mailchannels/signing.ts";

const root = import.meta.dirname;
/** Fixed throw-away secrets: tests need them equal between runs, and nothing else ever sees them. */
const testKey = (n: number) => `1=${Buffer.alloc(32, n).toString("base64url")}`;

// wrangler looks for the worker's secrets here, and would warn of missing ones
Object.assign(process.env, {
  LATCHKEY_PEPPERS: testKey(1),
  LATCHKEY_PLATFORM_KEYS: testKey(2),
  LATCHKEY_INTERNAL_SECRETS: testKey(3),
});

/** The key that tests sign with as MailChannels does. */
const mailChannels = await webhookKey("mckey", new Uint8Array(32).fill(4));

const migrations = await readD1Migrations(path.join(root, "db/migrations"));

/** Tests that live in tenants of their own and look at nothing else: their files share a worker, which saves each of them its start. */
const TOGETHER = ["catalog", "customers", "docs", "entitlements", "licensing", "sdk", "tenants"].map(
  (room) => `test/workers/${room}/**/*.test.ts`,
);

/** Tests of the workflows that take a minute each, whatever is asked of them: `npx vitest run --project long`. */
const LONG = ["crash-at-every-await", "advance-clock"].map((name) => `test/workflows/${name}.test.ts`);

const edgeProject = (name: string, which: { include: string[]; exclude?: string[]; isolate?: boolean }) => ({
  plugins: [
    cloudflareTest({
      wrangler: { configPath: "./wrangler.toml" },
      remoteBindings: false,
      miniflare: {
        bindings: {
          TEST_MIGRATIONS: migrations,
          LATCHKEY_ENV: "development",
          LATCHKEY_PUBLIC_URL: "https://latchkey.test",
          LATCHKEY_TEMPORAL_UI_URL: "http://temporal.test/",
          LATCHKEY_PEPPERS: testKey(1),
          LATCHKEY_PLATFORM_KEYS: testKey(2),
          LATCHKEY_INTERNAL_SECRETS: testKey(3),
          LATCHKEY_MAILCHANNELS_HANDLES: "vendor",
          LATCHKEY_MAILCHANNELS_WEBHOOK_KEYS: `other=AAAA,mckey=${mailChannels.publicKey}`,
        },
      },
    }),
  ],
  test: {
    name,
    root,
    ...which,
    globalSetup: ["./test/workers/simulators.ts"],
    setupFiles: ["./test/workers/setup.ts"],
    testTimeout: 30_000,
    deps: { optimizer: { ssr: { enabled: true, include: ["stripe", "standardwebhooks"] } } },
  },
});

export default defineConfig(() => ({
  test: {
    reporters: ["default"],
    // left to itself it takes one of two cores
    maxWorkers: 2,
    coverage: {
      provider: "v8" as const,
      include: ["workers/**/*.ts", "db/**/*.ts", "workflows/**/*.ts", "worker-host/**/*.ts", "sdk/**/*.ts"],
      exclude: ["**/*.d.ts", "db/migrations/**"],
      reporter: ["text-summary", "json", "json-summary"],
    },
    projects: [
      { test: { name: "rules", root, include: ["test/rules/**/*.test.ts"], testTimeout: 20_000 } },
      { test: { name: "laws", root, include: ["test/laws/**/*.test.ts"], testTimeout: 60_000 } },
      { test: { name: "sdk", root, include: ["test/sdk/**/*.test.ts"], testTimeout: 60_000 } },
      { test: { name: "simulators", root, include: ["test/simulators/**/*.test.ts"], testTimeout: 20_000 } },
      { test: { name: "tools", root, include: ["test/tools/**/*.test.ts"], testTimeout: 60_000 } },
      { test: { name: "host", root, include: ["test/host/**/*.test.ts"], testTimeout: 30_000 } },
      {
        test: {
          name: "workflows",
          root,
          include: ["test/workflows/**/*.test.ts"],
          exclude: LONG,
          fileParallelism: false,
          testTimeout: 60_000,
        },
      },
      { test: { name: "long", root, include: LONG, fileParallelism: false } },
      {
        test: {
          name: "e2e",
          root,
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      edgeProject("edge", { include: ["test/workers/**/*.test.ts"], exclude: TOGETHER }),
      edgeProject("edge-together", { include: TOGETHER, isolate: false }),
    ],
  },
}));
