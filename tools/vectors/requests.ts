import { canonical } from "#rules/licensing/olp/json";
import { proofInfo, proofText } from "#rules/licensing/olp/keys";
import { storedForm } from "#rules/licensing/keys";
import { fingerprintDigest, partDigests, sha256 } from "../../sdk/verifier/crypto.ts";
import { derive, keyFromSeed, sign } from "../../sdk/verifier/signing.ts";
import { signed } from "./signed.ts";
import { ACTIVATION, device, FINGERPRINT, PARTS, PRODUCT, T0, TENANT } from "./world.ts";

/** What a device makes: with the same keys and times, to the letter. */
export type MakeCase =
  | { name: string; kind: "proof"; license_key: string; imported: boolean; tenant: string; expected: { x: string } }
  | { name: string; kind: "canonical"; value: unknown; expected: { text: string } }
  | {
      name: string;
      kind: "request" | "receipt";
      claims: object;
      device_key: { x: string; d: string };
      expected: { text: string };
    };

/** Proofs, canonical texts, requests and receipts. */
export async function requestCases(): Promise<MakeCase[]> {
  return [
    await proof("a key of ours", "7K2Q-M8XT-0V4B-R3ZC-9XWD", false),
    await proof("the same key as a person types it", " 7k2q m8xt ov4b r3zc 9xwd ", false),
    await proof("a key with a prefix", "ACME-7K2Q-M8XT-0V4B-R3ZC-9XWD", false),
    await proof("a key from elsewhere", "C1B6DE-39A6E3-DE1529-8559A0-4AF593-V3", true),
    await proof("a key from elsewhere that looks like ours", "7K2Q-M8XT-0V4B-R3ZC-9XWD", true),
    ...[
      { b: 1, a: [true, null, "x"] },
      { "\u20ac": 1, "\r": 2, "1": 3, "\u{1f600}": 4, "\ufb33": 5, ö: 6 },
      { text: '"\\/\b\f\n\r\t\u0001\u007f\u2028é😀' },
    ].map((value, n): MakeCase => ({
      name: `canonical text ${n + 1}`,
      kind: "canonical",
      value,
      expected: { text: canonical(value) },
    })),
    await request(),
    await receipt(),
  ];
}

async function proof(name: string, key: string, imported: boolean): Promise<MakeCase> {
  const { x } = await proofKey(key, imported);
  return { name: `proof: ${name}`, kind: "proof", license_key: key, imported, tenant: TENANT, expected: { x } };
}

const proofKey = async (key: string, imported: boolean) =>
  keyFromSeed(await derive(storedForm(key, imported ? "imported" : "issued"), proofInfo(TENANT)));

async function request(): Promise<MakeCase> {
  const claims = {
    iss: TENANT,
    aud: PRODUCT,
    rid: "AAECAwQFBgcICQoLDA0ODw",
    action: "activate",
    iat: T0,
    fp: await fingerprintDigest(TENANT, FINGERPRINT),
    components: await partDigests(TENANT, PARTS),
    key: device.own.x,
    last_seq: 0,
    counters: { export: 3 },
    name: "Ada's laptop",
    platform: "linux",
    app_version: "2.1.0",
    user: null,
  };
  const key = await proofKey("7K2Q-M8XT-0V4B-R3ZC-9XWD", false);
  const sig = await sign(key, proofText(TENANT, await sha256(canonical(claims))));
  const whole = { ...claims, proof: { x: key.x, sig } };
  const text = await signed(device.own, "request", whole);
  return { name: "a request", kind: "request", claims: whole, device_key: device.own, expected: { text } };
}

async function receipt(): Promise<MakeCase> {
  const claims = {
    iss: TENANT,
    aud: PRODUCT,
    sub: "lic_00license",
    act: ACTIVATION,
    file: "file-1",
    seq: 5,
    fp: await fingerprintDigest(TENANT, FINGERPRINT),
    iat: T0,
    counters: { export: 3 },
    rid: "AAECAwQFBgcICQoLDA0ODw",
  };
  const text = await signed(device.own, "receipt", claims);
  return { name: "a receipt", kind: "receipt", claims, device_key: device.own, expected: { text } };
}
