import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { claimsOf, type KeysetClaims } from "#rules/licensing/olp/claims";
import { OlpRefused } from "#rules/licensing/olp/codes";
import { parseObject, type JsonObject } from "#rules/licensing/olp/json";
import { typOf } from "#rules/licensing/olp/message";
import { thumbprint } from "../verifier/crypto.ts";
import { newKey, signMessage } from "../verifier/signing.ts";
import { type Asked, Refusal, type Terminal, Usage, readText } from "./asked.ts";
import { readKey, writeWhole } from "./folder.ts";

/** Makes roots in files that only their owner can read, and prints their public halves as `PUT /v1/offline/roots` takes them. */
export async function makeRoots(asked: Asked, terminal: Terminal): Promise<void> {
  const folder = asked.needed("out", "say in which folder the roots are to be written");
  const only = asked.text("only");
  if (only !== undefined && only !== "next") throw new Usage("--only takes next: the root that comes after a promotion.");
  const roles = only === undefined ? ["current", "next"] : ["next"];
  const files = new Map(roles.map((role) => [role, path.join(folder, `root-${role}.json`)]));
  const there = [...files.values()].find((file) => existsSync(file));
  if (there !== undefined)
    throw new Refusal(
      `${there} is there already, and a root is never overwritten. Choose another folder, or move the file away.`,
    );

  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const publicHalves: Record<string, { x: string }> = {};
  for (const [role, file] of files) {
    const key = await newKey();
    writeWhole(file, `${JSON.stringify({ kty: "OKP", crv: "Ed25519", kid: await thumbprint(key.x), ...key }, null, 2)}\n`);
    publicHalves[role] = { x: key.x };
    terminal.tell(`${file} holds the private half of the ${role} root. Keep it offline, with a copy in another place.`);
  }
  const body = only === undefined ? { custody: "tenant", ...publicHalves } : publicHalves;
  const call = only === undefined ? "PUT /v1/offline/roots" : "POST /v1/offline/roots/promote";
  terminal.tell(`The public halves, for ${call} and for embedding in your programs:`);
  terminal.out(`${JSON.stringify(body, null, 2)}\n`);
}

/** Signs the draft of a keyset with a root, and writes what `PUT /v1/offline/keyset` takes. */
export async function signKeyset(asked: Asked, terminal: Terminal): Promise<void> {
  const rootFile = asked.needed("root", "say which root signs, the file that `keys new` wrote");
  const draftFile = asked.needed("draft", "say where the answer of GET /v1/offline/keyset/draft is");
  const root = readKey(rootFile, "a root");
  const { claims, known } = draftIn(draftFile);
  const tenant = asked.text("tenant");
  if (tenant !== undefined && tenant !== known.iss)
    throw new Refusal(`The draft is of the tenant ${known.iss}, not of ${tenant}. Nothing was signed.`);

  const { iss, seq, exp, keys } = known;
  terminal.tell(`Keyset ${seq} of ${iss}, to be used until ${instant(exp)}:`);
  for (const { kid, status, products } of keys)
    terminal.tell(`  ${kid}  ${status}${products.length > 0 ? `, for ${products.join(", ")}` : ""}`);
  const text = await signMessage(root, typOf("keyset"), claims);
  const out = asked.text("out");
  if (out === undefined) return terminal.out(`${text}\n`);
  writeWhole(out, text);
  terminal.tell(
    `Signed by the root ${await thumbprint(root.x)}; written to ${out}. Publish it: PUT /v1/offline/keyset {"keyset": …}.`,
  );
}

/** The claims of a draft, alone or in the answer of the server, just as they stand there. */
function draftIn(file: string): { claims: JsonObject; known: KeysetClaims } {
  try {
    const whole = parseObject(new TextEncoder().encode(readText(file, "the draft")));
    const inside = whole["claims"];
    const claims = typeof inside === "object" && inside !== null && !Array.isArray(inside) ? inside : whole;
    const message = { kind: "keyset" as const, kid: "", claims, signature: new Uint8Array(), signed: "", text: "" };
    return { claims, known: claimsOf(message) };
  } catch (error) {
    if (!(error instanceof OlpRefused)) throw error;
    throw new Refusal(
      `${file} is no draft of a keyset (${error.code}): the answer of GET /v1/offline/keyset/draft is expected, or its claims. Nothing was signed.`,
      { cause: error },
    );
  }
}

const instant = (seconds: number) => new Date(Math.min(seconds, 253_402_300_799) * 1000).toISOString();
