import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { cruise, type ICruiseOptions, type ICruiseResult, type IForbiddenRuleType } from "dependency-cruiser";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = path.join(import.meta.dirname, "../..");
const laws = createRequire(import.meta.url)(path.join(root, ".dependency-cruiser.cjs")) as {
  forbidden: IForbiddenRuleType[];
  options: ICruiseOptions;
};

let planted: string;
beforeAll(() => {
  planted = mkdtempSync(path.join(tmpdir(), "latchkey-laws-"));
  symlinkSync(path.join(root, "node_modules"), path.join(planted, "node_modules"));
});
afterAll(() => rmSync(planted, { recursive: true }));

/** The laws that a tree of small files breaks. */
async function brokenBy(name: string, files: Record<string, string>): Promise<string[]> {
  const base = path.join(planted, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.join(base, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(base, file), text);
  }
  symlinkSync(path.join(root, "node_modules"), path.join(base, "node_modules"));
  const floors = [...new Set(Object.keys(files).map((file) => file.split("/")[0] as string))];
  const { tsConfig: _, ...options } = laws.options;
  const { output } = await cruise(floors, { ...options, baseDir: base, validate: true, ruleSet: { forbidden: laws.forbidden } });
  return [...new Set((output as ICruiseResult).summary.violations.map(({ rule }) => rule.name))];
}

const fine = "export const x = 1;\n";
const importing = (what: string) => `import * as x from "${what}";\nexport const y = x;\n`;

test.each<[string, Record<string, string>]>([
  ["rules-are-pure", { "workers/rules/a.ts": importing("hono") }],
  ["rules-are-pure", { "workers/rules/a.ts": importing("temporal-polyfill") }],
  ["rules-are-pure", { "workers/rules/a.ts": importing("../kernel/k.ts"), "workers/kernel/k.ts": fine }],
  ["only-db-speaks-sql", { "workers/licensing/a.ts": importing("drizzle-orm") }],
  ["db-knows-no-http", { "db/a.ts": importing("hono") }],
  ["db-knows-no-http", { "db/a.ts": importing("../workers/kernel/k.ts"), "workers/kernel/k.ts": fine }],
  ["rooms-keep-to-themselves", { "workers/sales/a.ts": importing("../licensing/b.ts"), "workers/licensing/b.ts": fine }],
  ["rooms-keep-to-themselves", { "workers/licensing/a.ts": importing("stripe") }],
  ["kernel-knows-no-room", { "workers/kernel/k.ts": importing("../sales/a.ts"), "workers/sales/a.ts": fine }],
  ["workflows-are-deterministic", { "workflows/a.ts": importing("node:fs") }],
  ["workflows-are-deterministic", { "workflows/a.ts": importing("../worker-host/b.ts"), "worker-host/b.ts": fine }],
  ["host-goes-through-the-edge", { "worker-host/a.ts": importing("../db/b.ts"), "db/b.ts": fine }],
  ["host-goes-through-the-edge", { "worker-host/a.ts": importing("../workers/sales/b.ts"), "workers/sales/b.ts": fine }],
  ["edge-knows-no-temporal", { "workers/sales/a.ts": importing("@temporalio/client") }],
  ["edge-knows-no-temporal", { "workers/sales/a.ts": importing("../../workflows/b.ts"), "workflows/b.ts": fine }],
  ["sdk-carries-rules-alone", { "sdk/verifier/a.ts": importing("zod") }],
  ["sdk-carries-rules-alone", { "sdk/verifier/a.ts": importing("node:crypto") }],
  ["sdk-carries-rules-alone", { "sdk/verifier/a.ts": importing("../../workers/kernel/k.ts"), "workers/kernel/k.ts": fine }],
  ["cli-needs-no-network", { "sdk/cli/a.ts": importing("node:http") }],
  ["cli-needs-no-network", { "sdk/cli/a.ts": importing("node:child_process") }],
  ["cli-needs-no-network", { "sdk/cli/a.ts": importing("zod") }],
  ["mails-are-rendered-when-they-change", { "workers/mail/a.ts": importing("react") }],
  ["mails-are-rendered-when-they-change", { "workers/mail/a.ts": importing("../../mail/b.ts"), "mail/b.ts": fine }],
  ["mails-are-rendered-when-they-change", { "mail/a.ts": importing("../workers/kernel/k.ts"), "workers/kernel/k.ts": fine }],
  ["product-stands-alone", { "sdk/cli/a.ts": importing("../../tools/b.ts"), "tools/b.ts": fine }],
  ["product-stands-alone", { "worker-host/a.ts": importing("../simulators/b.ts"), "simulators/b.ts": fine }],
  ["no-cycles", { "workers/kernel/a.ts": importing("./b.ts"), "workers/kernel/b.ts": importing("./a.ts") }],
  ["no-unresolvable", { "workers/kernel/a.ts": importing("./nowhere.ts") }],
])("a planted violation of %s is caught (%#)", async (law, files) => {
  expect(await brokenBy(`${law}-${Math.random()}`, files)).toContain(law);
});

test("what the laws allow is not caught", async () => {
  const files = {
    "workers/rules/time.ts": importing("temporal-polyfill"),
    "workers/kernel/k.ts": importing("hono"),
    "workers/sales/a.ts": importing("../kernel/k.ts"),
    "workers/sales/b.ts": importing("stripe"),
    "db/a.ts": importing("drizzle-orm"),
    "workflows/a.ts": importing("@temporalio/workflow"),
    "sdk/verifier/a.ts": importing("../../workers/rules/b.ts"),
    "sdk/cli/a.ts": importing("../verifier/a.ts"),
    "sdk/cli/b.ts": importing("node:fs"),
    "workers/rules/b.ts": fine,
  };
  expect(await brokenBy("allowed", files)).toEqual([]);
});

test("every import of the project keeps the laws", async () => {
  const { output } = await cruise(["workers", "db", "workflows", "worker-host", "sdk", "simulators", "tools"], {
    ...laws.options,
    baseDir: root,
    validate: true,
    ruleSet: { forbidden: laws.forbidden },
  });
  const broken = (output as ICruiseResult).summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} imports ${to}`);
  expect(broken).toEqual([]);
});
