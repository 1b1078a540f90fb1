import { parseArgs } from "node:util";
import path from "node:path";
import { idOf } from "#rules/ids";
import { randomBytes } from "#kernel/crypto";
import { type Keyring, keyring } from "#kernel/keyring";
import { apiKeyDigest, newApiKey } from "#kernel/keys";
import { Advice, endWith } from "./say.ts";
import { homeAt } from "./start/home.ts";
import { quietWrangler, wrangler } from "./start/wrangler.ts";

const usage = `Makes an operator key and prints it, once. Only its digest is stored.

  npm run operator-key -- --name NAME --remote                     in the deployed database
  npm run operator-key -- --name NAME --local [--persist-to DIR]   in a local one (default .latchkey/edge)

LATCHKEY_PEPPERS must hold the peppers of that edge.`;

const shard = "00";
const database = `latchkey-${shard}`;

/** Which database a key is stored in: a local one in wrangler's folder, or the deployed one. */
export type KeyTarget = { kind: "local"; persistTo: string } | { kind: "remote" };

/** A new operator key. */
export const newOperatorKey = (): string => newApiKey("op", shard).text;

/**
 * Stores an operator key's digest under the newest pepper. Doing it twice stores it once.
 * @throws {Advice} when the peppers are malformed or wrangler cannot write
 */
export async function storeOperatorKey(key: string, name: string, peppers: string, target: KeyTarget): Promise<void> {
  const digest = await apiKeyDigest(readPeppers(peppers), key);
  const now = new Date();
  const values = [idOf("operator_key", shard, now, randomBytes(10)), digest, name, key.slice(-4)].map(quoted).join(", ");
  const sql = `insert into operator_keys (id, digest, name, last4, created_at) values (${values}, ${now.getTime()}) on conflict do nothing`;
  const where = target.kind === "remote" ? ["--remote"] : ["--local", "--persist-to", target.persistTo];
  const quiet = quietWrangler(homeAt());
  await wrangler(
    ["d1", "execute", database, ...where, "--yes", "--command", sql],
    target.kind === "remote" ? { WRANGLER_HIDE_BANNER: "true" } : quiet,
  );
}

function readPeppers(peppers: string): Keyring {
  try {
    return keyring("LATCHKEY_PEPPERS", peppers);
  } catch (error) {
    throw new Advice(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

async function main(): Promise<void> {
  const { name, target } = readArguments();
  const peppers = process.env["LATCHKEY_PEPPERS"];
  if (peppers === undefined || peppers === "") {
    throw new Advice("LATCHKEY_PEPPERS is not set. It must hold the peppers of that edge, or the edge will not know the key.");
  }
  const key = newOperatorKey();
  await storeOperatorKey(key, name, peppers, target);
  console.log(key);
}

function readArguments(): { name: string; target: KeyTarget } {
  const asked = parsed();
  if (asked.help) {
    console.log(usage);
    process.exit(0);
  }
  if (asked.name === undefined || asked.name === "") throw new Advice(`--name is missing.\n\n${usage}`);
  if (asked.local === asked.remote) throw new Advice(`Say either --local or --remote.\n\n${usage}`);
  const target: KeyTarget = asked.remote
    ? { kind: "remote" }
    : { kind: "local", persistTo: path.resolve(asked["persist-to"] ?? homeAt().edge) };
  return { name: asked.name, target };
}

function parsed() {
  try {
    return parseArgs({
      options: {
        name: { type: "string" },
        local: { type: "boolean", default: false },
        remote: { type: "boolean", default: false },
        "persist-to": { type: "string" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new Advice(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`, { cause: error });
  }
}

if (import.meta.main) await main().catch(endWith);
