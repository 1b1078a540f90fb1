import { env } from "cloudflare:workers";
import { base64url, fromBase64url } from "#kernel/keyring";
import { shop } from "../shop.ts";

// What stands on the other side of the air gap, made apart from the product's own code: keys, requests and receipts of devices, roots of vendors.

const utf8 = new TextEncoder();
type Claims = Record<string, unknown>;

/** An Ed25519 key pair. */
export type Pair = { x: string; kid: string; sign: (text: string) => Promise<string> };

/** A fresh key pair. */
export async function pair(): Promise<Pair> {
  const keys = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  const { x } = (await crypto.subtle.exportKey("jwk", keys.publicKey)) as { x: string };
  return pairOf(x, keys.privateKey);
}

async function pairOf(x: string, key: CryptoKey): Promise<Pair> {
  const sign = async (text: string) =>
    base64url(new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, key, utf8.encode(text))));
  return { x, kid: await sha256(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`), sign };
}

/** A key pair as `activations.offline_request` shows it. */
export async function pairFrom(jwk: { kty: string; crv: string; x: string; d: string }): Promise<Pair> {
  return pairOf(jwk.x, await crypto.subtle.importKey("jwk", jwk, { name: "Ed25519" }, false, ["sign"]));
}

export const sha256 = async (text: string) => base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8.encode(text))));

const part = (value: unknown) => base64url(utf8.encode(JSON.stringify(value)));

/** A compact JWS of OLP-1. */
export async function jws(kind: string, by: Pair, claims: Claims, header: Claims = {}): Promise<string> {
  const signed = `${part({ alg: "EdDSA", kid: by.kid, typ: `olp1-${kind}+jws`, ...header })}.${part(claims)}`;
  return `${signed}.${await by.sign(signed)}`;
}

/** The claims of a message, unchecked. */
// oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects
export const claimsIn = (text: string): Record<string, any> =>
  JSON.parse(new TextDecoder().decode(fromBase64url(text.split(".")[1] ?? "")));

/** Who signed a message. */
export const signerIn = (text: string): string =>
  (JSON.parse(new TextDecoder().decode(fromBase64url(text.split(".")[0] ?? ""))) as { kid: string }).kid;

/** The key pair that a license key leads to (docs/olp-1.md, "Request"). */
async function proofOf(tenant: string, licenseKey: string, origin: string): Promise<Pair> {
  const base = await crypto.subtle.importKey("raw", utf8.encode(`${origin}:${licenseKey}`), "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(32), info: utf8.encode(`olp1-proof|${tenant}`) };
  const seed = new Uint8Array(await crypto.subtle.deriveBits(how, base, 256));
  const head = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32);
  const key = await crypto.subtle.importKey("pkcs8", new Uint8Array([...head, ...seed]), { name: "Ed25519" }, true, ["sign"]);
  return pairOf(((await crypto.subtle.exportKey("jwk", key)) as { x: string }).x, key);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  );
}

export type Asked = { tenant: string; product: string; licenseKey: string; fingerprint: string; device: Pair };

/** The request of a device, signed by it, with the proof of the license key. */
export async function requestOf(
  { tenant, product, licenseKey, fingerprint, device }: Asked,
  more: Claims = {},
  { origin = "issued" }: { origin?: string } = {},
): Promise<string> {
  const claims: Claims = {
    iss: tenant,
    aud: product,
    rid: base64url(crypto.getRandomValues(new Uint8Array(16))),
    action: "activate",
    iat: 1,
    fp: await sha256(`olp1-fp\n${tenant}\n${fingerprint}`),
    components: [],
    key: device.x,
    last_seq: 0,
    counters: {},
    name: "Press 4",
    platform: "linux",
    app_version: null,
    user: null,
    ...more,
  };
  const proof = await proofOf(tenant, licenseKey, origin);
  const digest = await sha256(JSON.stringify(sorted(claims)));
  const sig = await proof.sign(`olp1-proof\n${tenant}\n${digest}`);
  return jws("request", device, { ...claims, proof: { x: proof.x, sig } });
}

/** The receipt of a device for the file that it deletes. */
export function receiptOf(device: Pair, file: string, more: Claims = {}): Promise<string> {
  const { iss, aud, sub, act, jti, seq, dev } = claimsIn(file.split("~")[1] ?? "");
  const rid = base64url(crypto.getRandomValues(new Uint8Array(16)));
  return jws("receipt", device, { iss, aud, sub, act, file: jti, seq, fp: dev.fp, iat: 1, counters: {}, rid, ...more });
}

/** A shop whose licenses may be used offline. */
export async function airGap() {
  const s = await shop();
  const product = String(s.product["id"]);
  const offlineLicense = (terms: Claims = {}, fields: Claims = {}) =>
    s.license({ offline: { allowed: true, ...(terms["offline"] as Claims) }, ...without(terms, "offline") }, fields);
  const asked = (license: Claims, name: string, device: Pair): Asked => ({
    tenant: s.tenant.id,
    product,
    licenseKey: String(license["license_key"]),
    fingerprint: name,
    device,
  });
  return {
    ...s,
    productId: product,
    offlineLicense,
    asked,
    send: (request: string, key = s.keys.publishable) => s.post("/v1/activations/offline_activate", { request }, { key }),
    /** A device with its first file. */
    activated: async (license: Claims, name: string, more: Claims = {}) => {
      const device = await pair();
      const request = await requestOf(asked(license, name, device), more);
      const answer = await s.post("/v1/activations/offline_activate", { request });
      if (answer.status !== 201) throw new Error(`No file: ${answer.text}`);
      return {
        device,
        request,
        file: String(answer.body["license_file"]),
        activation: answer.body["activation"] as { id: string },
      };
    },
    rows: async (table: string) =>
      (await env.DB_00.prepare(`select * from ${table} where tenant_id = ?`).bind(s.tenant.id).all()).results,
  };
}

const without = (fields: Claims, name: string) => Object.fromEntries(Object.entries(fields).filter(([each]) => each !== name));
