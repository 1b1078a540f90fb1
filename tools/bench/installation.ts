import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { randomBytes } from "#kernel/crypto";
import { newDeviceDigest, newKeyDigest } from "#kernel/digests";
import { newId } from "#kernel/ids";
import { apiKeyDigest, newApiKey } from "#kernel/keys";
import { newSigningKey } from "#kernel/signing";
import { newDataKey, peppers, vaultOf } from "#kernel/vault";
import { formatKey, keyBytes, last4 } from "#rules/licensing/keys";
import { LIMIT_NAMES, type LimitOverrides } from "#rules/limits/numbers";
import { apiAt, type Api } from "../start/api.ts";
import { root } from "../start/home.ts";
import { cloneRows } from "./clone.ts";
import { benchEnv, startEdge, type Built, type Running } from "./workerd.ts";

const SHARD = "00";

/** A tenant with what a validation needs: one license, and a device that holds a seat of it. */
export type Vendor = {
  tenantId: string;
  secretKey: string;
  publishableKey: string;
  licenseId: string;
  licenseKey: string;
  fingerprint: string;
  activationId: string;
  activationToken: string;
};

/** A license of which a device holds a seat. */
export type Held = Pick<Vendor, "licenseId" | "licenseKey" | "activationId" | "fingerprint">;

/** An edge with a tenant on it, and the API as that tenant calls it. */
export type Installation = Running & { vendor: Vendor; api: Api; operator: Api };

/** A feature that every license of the bench has, as often as anybody asks. */
export const FEATURE = "export";

/** Starts an edge, makes its tables, and a tenant with one license through the API. */
export async function install(built: Built): Promise<Installation> {
  const edge = await startEdge(built);
  try {
    await migrate(edge);
    const operator = apiAt(edge.url.origin, await operatorKey(edge));
    const { id: tenantId, ...keys } = await tenantBy(
      operator,
      "bench",
      Object.fromEntries(LIMIT_NAMES.map((name) => [name, ENOUGH])),
    );
    const api = apiAt(edge.url.origin, keys.secretKey);
    const license = await licenseBy(api);
    return { ...edge, api, operator, vendor: { tenantId, ...keys, ...license } };
  } catch (error) {
    await edge.mf.dispose();
    throw error;
  }
}

/** Makes the tables of a new edge. */
export async function migrate({ mf }: Pick<Running, "mf">): Promise<void> {
  const d1 = await mf.getD1Database("DB_00");
  const migrations = path.join(root, "db", "migrations");
  for (const file of (await readdir(migrations)).filter((name) => name.endsWith(".sql")).toSorted()) {
    const statements = (await readFile(path.join(migrations, file), "utf8")).split("--> statement-breakpoint");
    await d1.batch(statements.map((statement) => d1.prepare(statement)));
  }
}

/** Puts an operator key into the database of a new edge. */
export async function operatorKey({ mf }: Pick<Running, "mf">): Promise<string> {
  const d1 = await mf.getD1Database("DB_00");
  const key = newApiKey("op", SHARD);
  await d1
    .prepare("insert into operator_keys (id, digest, name, last4, created_at) values ('opk_bench', ?, 'Bench', ?, 0)")
    .bind(await apiKeyDigest(peppers(benchEnv), key.text), key.last4)
    .run();
  return key.text;
}

/** Limits are asked as for any tenant, and never reached: one program sends here what otherwise thousands do. */
const ENOUGH = 1e12;

type Keys = Pick<Vendor, "secretKey" | "publishableKey">;

/** Makes a tenant with limits of its own. */
export async function tenantBy(operator: Api, slug: string, limits: LimitOverrides): Promise<Keys & { id: string }> {
  type Made = { id: string; api_keys: { kind: string; livemode: boolean; secret: string }[] };
  const about = { name: "Bench", slug, owner_email: "owner@bench.example", tier: "white_label" };
  const { id, api_keys: keys } = await operator.post<Made>("/v1/tenants", about);
  await operator.patch(`/v1/tenants/${id}`, { limits });
  const keyOf = (kind: string) => keys.find((key) => key.kind === kind && key.livemode)?.secret ?? "";
  return { id, secretKey: keyOf("secret"), publishableKey: keyOf("publishable") };
}

/** The secret key of another tenant, which has used up what it may ask for a month. */
export async function spentKey({ url, operator }: Installation): Promise<string> {
  const { secretKey } = await tenantBy(operator, "spent", { requests_per_month: 1 });
  await apiAt(url.origin, secretKey).get("/v1/products");
  return secretKey;
}

/** Makes what a tenant sells, a license of it, and a device that holds a seat. */
export async function licenseBy(api: Api): Promise<Omit<Vendor, "tenantId" | "secretKey" | "publishableKey">> {
  type Made = { id: string };
  const product = await api.post<Made>("/v1/products", { name: "P", code: "p" });
  await api.post("/v1/features", { name: "Export", code: FEATURE });
  const terms = {
    type: "subscription",
    model: "per_device",
    max_activations: null,
    entitlements: [{ feature: FEATURE, limit_value: 1e12, reset: "month" }],
  };
  const template = await api.post<Made>("/v1/templates", { name: "T", product_id: product.id, ...terms });
  const customer = await api.post<Made>("/v1/customers", { name: "C", email: "c@bench.example", kind: "person" });
  const recipe = { template_id: template.id, customer_id: customer.id };
  const { id, license_key: licenseKey } = await api.post<Made & { license_key: string }>("/v1/licenses", recipe);
  const fingerprint = fingerprintOf(0);
  const device = { license_key: licenseKey, fingerprint };
  const seat = await api.post<Made & { activation_token: string }>("/v1/activations", device);
  return { licenseId: id, licenseKey, fingerprint, activationId: seat.id, activationToken: seat.activation_token };
}

/** The n-th device, as its program would name it; all are of one length. */
export const fingerprintOf = (n: number): string => n.toString(16).padStart(64, "f");

/** More licenses like the first one, each with a device of its own. */
export async function addLicenses({ mf, vendor }: Installation, howMany: number): Promise<Held[]> {
  const d1 = await mf.getD1Database("DB_00");
  const added: Held[] = [];
  for (let at = 0; at < howMany; at += 2_000) {
    const count = Math.min(2_000, howMany - at);
    const made = await Promise.all(Array.from({ length: count }, (_, n) => licenseRow(vendor.tenantId, 1 + at + n)));
    await cloneRows(
      d1,
      licenseOf(vendor),
      made.map(({ license }) => license),
    );
    await cloneRows(
      d1,
      seatOf(vendor),
      made.map(({ seat }) => seat),
    );
    added.push(...made.map(({ held }) => held));
  }
  return added;
}

const licenseOf = ({ tenantId, licenseId }: Vendor) => ({ table: "licenses", tenantId, key: { column: "id", value: licenseId } });
const seatOf = ({ tenantId, activationId }: Pick<Vendor, "tenantId" | "activationId">) => ({
  table: "activations",
  tenantId,
  key: { column: "id", value: activationId },
});

/** A license and its seat, as far as they differ from those that they are copied from. */
async function licenseRow(tenantId: string, n: number, device = n) {
  const now = new Date();
  const licenseKey = formatKey(randomBytes(keyBytes()));
  const fingerprint = fingerprintOf(device);
  const [keyHash, deviceHash] = await Promise.all([
    newKeyDigest(benchEnv, tenantId, licenseKey, "issued"),
    newDeviceDigest(benchEnv, tenantId, fingerprint),
  ]);
  const licenseId = newId("license", SHARD, now);
  const activationId = newId("activation", SHARD, now);
  const key = { key_hash: keyHash, key_last4: last4(licenseKey), key_sealed: null, proof_hash: null };
  return {
    license: { id: licenseId, ...key },
    seat: { id: activationId, license_id: licenseId, device_hash: deviceHash },
    held: { licenseId, licenseKey, activationId, fingerprint },
  };
}

/** More devices on a license; answers the fingerprints of all that hold a seat of it. */
export async function addDevices({ mf, vendor }: Installation, license: Held, howMany: number): Promise<string[]> {
  const now = new Date();
  const { tenantId } = vendor;
  const fingerprints = Array.from({ length: howMany }, (_, n) => fingerprintOf(1_000_000 + n));
  const rows = fingerprints.map(async (fingerprint) => ({
    id: newId("activation", SHARD, now),
    device_hash: await newDeviceDigest(benchEnv, tenantId, fingerprint),
  }));
  const seat = seatOf({ tenantId, activationId: license.activationId });
  await cloneRows(await mf.getD1Database("DB_00"), seat, await Promise.all(rows));
  return [license.fingerprint, ...fingerprints];
}

/** What of the first tenant another one gets as it is: catalog and customer. */
const OF_EVERY_TENANT = ["products", "features", "templates", "template_revisions", "customers"];

/** More tenants like the first one, each with keys, catalog, license and device of its own. */
export async function addTenants({ mf, vendor }: Installation, howMany: number): Promise<(Held & { publishableKey: string })[]> {
  const d1 = await mf.getD1Database("DB_00");
  const of = (table: string) => ({ table, tenantId: vendor.tenantId });
  const made = [];
  for (let n = 0; n < howMany; n++) made.push(await tenantRows(n));
  await cloneRows(
    d1,
    of("tenants"),
    made.map(({ tenant }) => tenant),
  );
  await cloneRows(
    d1,
    of("signing_keys"),
    made.map(({ signingKey }) => signingKey),
  );
  await cloneRows(
    d1,
    { ...of("api_keys"), key: { column: "kind", value: "publishable" } },
    made.map(({ apiKey }) => apiKey),
  );
  for (const table of OF_EVERY_TENANT)
    await cloneRows(
      d1,
      of(table),
      made.map(({ tenant }) => ({ tenant_id: tenant.id })),
    );
  await cloneRows(
    d1,
    licenseOf(vendor),
    made.map(({ tenant, license }) => ({ tenant_id: tenant.id, ...license })),
  );
  await cloneRows(
    d1,
    seatOf(vendor),
    made.map(({ tenant, seat }) => ({ tenant_id: tenant.id, ...seat })),
  );
  return made.map(({ publishableKey, held }) => ({ ...held, publishableKey }));
}

async function tenantRows(n: number) {
  const now = new Date();
  const id = newId("tenant", SHARD, now);
  const dataKey = await newDataKey(benchEnv, id);
  const { kid, publicJwk, privateKey } = await newSigningKey();
  const sealed = await vaultOf(benchEnv, id, dataKey).seal(["signing_keys", kid, "private_key"], privateKey);
  const key = newApiKey("pk_live", SHARD);
  const digest = await apiKeyDigest(peppers(benchEnv), key.text);
  return {
    tenant: { id, slug: `bench-${n}`, twin_id: newId("tenant", SHARD, now), data_key: dataKey },
    signingKey: { tenant_id: id, kid, public_jwk: JSON.stringify(publicJwk), private_key: sealed },
    apiKey: { tenant_id: id, id: newId("api_key", SHARD, now), digest, last4: key.last4 },
    publishableKey: key.text,
    ...(await licenseRow(id, n, n)),
  };
}
