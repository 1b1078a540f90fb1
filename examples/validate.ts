import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { arch, hostname, platform } from "node:os";
import path from "node:path";
import { createRemoteJWKSet, jwtVerify } from "jose";

/**
 * What a licensed program does when it starts: takes a seat for this device, asks whether it may run, and believes only the signed
 * answer. Run it beside `npm start`: `npx node examples/validate.ts [license key]`.
 */
async function main(): Promise<void> {
  const [licenseKey = demoKey()] = process.argv.slice(2);

  const activation = await call<Activation>("/v1/activations", {
    license_key: licenseKey,
    fingerprint,
    name: hostname(),
    platform: platform(),
  });
  console.log(`This device holds seat ${activation.id}.`);

  const nonce = randomUUID();
  const { token } = await call<{ token: string }>("/v1/licenses/validate", { license_key: licenseKey, fingerprint, nonce });
  const decision = await verified(token, nonce);
  console.log(`valid: ${decision.valid}, code: ${decision.code}, until: ${new Date(decision.exp * 1000).toISOString()}`);
  for (const { feature, enabled } of decision.entitlements) console.log(`feature ${feature}: ${enabled ? "licensed" : "off"}`);
  process.exitCode = decision.valid ? 0 : 1;
}

type Activation = { id: string; activation_token: string };

/** What the signed answer says. `exp` is in seconds; until then the program need not ask again. */
type Decision = { valid: boolean; code: string; exp: number; entitlements: { feature: string; enabled: boolean }[] };

type Dev = {
  edge_url: string;
  tenant: { id: string; publishable_key: string };
  demo: { product_id: string; license_key: string | null };
};

// A real program has these four compiled in. Here they come from the running installation.
const home = path.resolve(import.meta.dirname, "..", process.env["LATCHKEY_HOME"] ?? ".latchkey");
const dev: Dev = JSON.parse(readFileSync(path.join(home, "dev.json"), "utf8"));
const vendor = { origin: dev.edge_url, key: dev.tenant.publishable_key, tenantId: dev.tenant.id, productId: dev.demo.product_id };

/** Something that stays the same on this device and differs on others, hashed here: the vendor never learns what it was made of. */
const fingerprint = createHash("sha256").update([hostname(), platform(), arch()].join("\n")).digest("hex");

const publicKeys = createRemoteJWKSet(new URL(`/.well-known/jwks/${vendor.tenantId}.json`, vendor.origin));

/**
 * The claims of a decision, once everything about it fits: the vendor's signature, the product, this device, and this very question.
 * Throws on anything else: a decision that cannot be verified is none.
 */
async function verified(token: string, nonce: string): Promise<Decision> {
  const { payload } = await jwtVerify<Decision & { fp: string; nonce: string }>(token, publicKeys, {
    issuer: vendor.tenantId,
    audience: vendor.productId,
    typ: "olp1-decision+jws",
    algorithms: ["EdDSA"],
    clockTolerance: 60,
  });
  if (payload.fp !== fingerprint || payload.nonce !== nonce) throw new Error("The decision answers another question.");
  return payload;
}

/** Calls the API with the publishable key. A refusal is thrown in its own words. */
async function call<Answer>(where: string, body: object): Promise<Answer> {
  const answer = await fetch(vendor.origin + where, {
    method: "POST",
    headers: { authorization: `Bearer ${vendor.key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  }).catch((cause: unknown) => {
    throw new Error(`${vendor.origin} does not answer. Is \`npm start\` running?`, { cause });
  });
  if (answer.ok) return answer.json<Answer>();
  const problem = await answer.json<{ code: string; detail: string; fix: string }>();
  throw new Error(`${problem.code}: ${problem.detail} ${problem.fix}`);
}

function demoKey(): string {
  if (dev.demo.license_key !== null) return dev.demo.license_key;
  throw new Error("Nothing was sold here yet: give a license key, or run `npm start` without --no-demo.");
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
