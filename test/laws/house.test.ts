import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const root = path.join(import.meta.dirname, "../..");

function filesOf(floor: string): { file: string; text: string }[] {
  return readdirSync(path.join(root, floor), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file: `${floor}/${file}`, text: readFileSync(path.join(root, floor, file), "utf8") }));
}

const product = ["workers", "db", "workflows", "worker-host"].flatMap(filesOf);
const everything = [...product, ...["sdk", "simulators", "tools", "test"].flatMap(filesOf)];

/** The house laws that no import can tell, each as what it finds in one file. */
const laws = {
  "an operation's file is named as the operation": ({ file, text }: { file: string; text: string }) => {
    if (!file.startsWith("workers/")) return [];
    const ids = [...text.matchAll(/operationId: "([^"]+)"/g)].map((match) => match[1] as string);
    return ids.filter((id) => path.basename(file) !== `${id}.ts`);
  },
  "D1 has no transactions: a batch is one": ({ text }: { file: string; text: string }) =>
    [...text.matchAll(/\.transaction\(/g)].map(String),
  "nothing has a name that says nothing": ({ file }: { file: string }) =>
    file.split("/").filter((part) => /^(utils?|helpers?|common|manager|service|data)(\.|$)/.test(part)),
  "only reads that authenticate make a tenant id": ({ file, text }: { file: string; text: string }) =>
    /^db\/(tenants\/|tenant-id\.ts$)/.test(file) ? [] : [...text.matchAll(/\basTenantId\b|as TenantId\b/g)].map(String),
  "no clock and no chance in rules and stories": ({ file, text }: { file: string; text: string }) =>
    // workflows/clock.ts is where a story reads the clock of its own history, which replays
    /^workers\/rules\/|^workflows\/(?!clock\.ts$)/.test(file)
      ? [...text.matchAll(/Date\.now\(|new Date\(\)|Math\.random\(|performance\.now\(/g)].map(String)
      : [],
};

test.each(Object.entries(laws))("%s", (_, law) => {
  const broken = product.flatMap((source) => law(source).map((found) => `${source.file}: ${found}`));
  expect(broken).toEqual([]);
});

test.each<[keyof typeof laws, { file: string; text: string }]>([
  [
    "an operation's file is named as the operation",
    { file: "workers/sales/orders.make.ts", text: 'operationId: "orders.create"' },
  ],
  ["D1 has no transactions: a batch is one", { file: "db/a.ts", text: "db.transaction(async () => {})" }],
  ["nothing has a name that says nothing", { file: "workers/sales/utils.ts", text: "" }],
  [
    "only reads that authenticate make a tenant id",
    { file: "workers/sales/a.ts", text: "repoOf({ ...asking, tenantId: body.tenant_id as TenantId }, tenant)" },
  ],
  ["no clock and no chance in rules and stories", { file: "workflows/a.ts", text: "const now = new Date()" }],
])("a planted violation of «%s» is caught", (name, source) => {
  expect(laws[name](source)).not.toEqual([]);
});

test("names that say nothing are absent from sdk, tools, simulators and tests as well", () => {
  expect(everything.flatMap(laws["nothing has a name that says nothing"])).toEqual([]);
});
