import { readFile } from "node:fs/promises";
import { Advice, endWith } from "./say.ts";
import type { Dev } from "./start/dev-json.ts";
import { homeAt } from "./start/home.ts";

const usage = `Checks the books of tenants: every fact sums to zero, and the accounts say what invoices, credits and payments say.

  npm run ledger:check                                     both tenants of the running npm start
  LATCHKEY_URL=https://… LATCHKEY_KEY=lk_sk_… npm run ledger:check   one tenant of another edge

It ends with status 1 where something does not hold.`;

type Fault = { code: string; of: string; books: number; rows: number };
type Check = { ok: boolean; entries: number; groups: number; faults: Fault[] };

/** Asks an edge to check the books of the tenant that a key belongs to. Throws Advice where it cannot be asked. */
export async function checkLedger(url: string, key: string): Promise<Check> {
  const asked = fetch(`${url}/v1/ledger/check`, { headers: { authorization: `Bearer ${key}` } });
  const response = await asked.catch((error: unknown) => {
    throw new Advice(`The edge at ${url} does not answer; is it running?`, { cause: error });
  });
  if (!response.ok) throw new Advice(`The edge at ${url} answered ${response.status}: ${await response.text()}`);
  return response.json<Check>();
}

async function main(): Promise<void> {
  if (process.argv.includes("--help")) return console.log(usage);
  let isSound = true;
  for (const { name, url, key } of await tenantsAsked()) {
    const { ok, entries, groups, faults } = await checkLedger(url, key);
    console.log(`${name}: ${entries} entries of ${groups} facts, ${ok ? "all holds" : `${faults.length} faults`}`);
    for (const { code, of, books, rows } of faults) console.log(`  ${code} ${of}: the books say ${books}, the rows ${rows}`);
    isSound &&= ok;
  }
  if (!isSound) process.exitCode = 1;
}

async function tenantsAsked(): Promise<{ name: string; url: string; key: string }[]> {
  const { LATCHKEY_URL: url, LATCHKEY_KEY: key } = process.env;
  if (url && key) return [{ name: "tenant", url, key }];
  const text = await readFile(homeAt().devJson, "utf8").catch((error: unknown) => {
    throw new Advice(`Nothing runs here: begin with npm start, or name an edge.\n\n${usage}`, { cause: error });
  });
  const dev = JSON.parse(text) as Dev;
  return [
    { name: "live", url: dev.edge_url, key: dev.tenant.secret_key },
    { name: "sandbox", url: dev.edge_url, key: dev.sandbox.secret_key },
  ];
}

if (import.meta.main) await main().catch(endWith);
