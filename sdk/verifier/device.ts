import type { ReceiptClaims, RequestClaims } from "#rules/licensing/olp/claims";
import { canonical } from "#rules/licensing/olp/json";
import { proofInfo, proofText } from "#rules/licensing/olp/keys";
import { typOf } from "#rules/licensing/olp/message";
import { normalForm, storedForm } from "#rules/licensing/keys";
import { fingerprintDigest, partDigests, sha256, type Part } from "./crypto.ts";
import { derive, keyFromSeed, newKey, randomText, sign, signMessage, type DeviceKey } from "./signing.ts";

export { newKey as newDeviceKey, type DeviceKey, type Part };

/** What a request is made of. Times are whole seconds since 1970. */
export type RequestInput = {
  tenant: string;
  /** the product's id */
  product: string;
  licenseKey: string;
  /** the key was brought along from elsewhere; without this it is taken for one of Latchkey's wherever it looks like one */
  imported?: boolean;
  fingerprint: string;
  components?: readonly Part[];
  deviceKey: DeviceKey;
  now: number;
  action?: "activate" | "refresh";
  /** `seq` of the newest file that the device has */
  lastSeq?: number;
  /** what was used under that file, by feature */
  counters?: Readonly<Record<string, number>>;
  name?: string | null;
  platform?: string | null;
  appVersion?: string | null;
  user?: string | null;
};

/**
 * The request for a license file (`olp1-request+jws`). It proves that the device has the license key, which is not in it, and covers the
 * device's own key: whoever copies it can change nothing, and the answer is of no use elsewhere.
 */
export async function makeRequest(input: RequestInput): Promise<string> {
  const { tenant, product, fingerprint, components = [], deviceKey, now, action = "activate", lastSeq = 0 } = input;
  const claims: Omit<RequestClaims, "proof"> = {
    iss: tenant,
    aud: product,
    rid: randomText(16),
    action,
    iat: now,
    fp: await fingerprintDigest(tenant, fingerprint),
    components: await partDigests(tenant, components),
    key: deviceKey.x,
    last_seq: lastSeq,
    counters: { ...input.counters },
    name: input.name ?? null,
    platform: input.platform ?? null,
    app_version: input.appVersion ?? null,
    user: input.user ?? null,
  };
  const proofKey = await proofKeyOf(tenant, input.licenseKey, input.imported);
  const sig = await sign(proofKey, proofText(tenant, await sha256(canonical(claims))));
  return signMessage(deviceKey, typOf("request"), { ...claims, proof: { x: proofKey.x, sig } });
}

/** The key pair that a license key stands for in proofs. */
export async function proofKeyOf(tenant: string, licenseKey: string, imported = false): Promise<DeviceKey> {
  const origin = imported || normalForm(licenseKey) === null ? "imported" : "issued";
  return keyFromSeed(await derive(storedForm(licenseKey, origin), proofInfo(tenant)));
}

/** What a receipt is made of: the claims of the newest file, and what was used under it. */
export type ReceiptInput = {
  claims: Pick<ReceiptClaims, "iss" | "aud" | "sub" | "act" | "seq"> & { jti: string };
  fingerprint: string;
  deviceKey: DeviceKey;
  now: number;
  counters?: Readonly<Record<string, number>>;
};

/** The receipt with which a device gives its seat back (`olp1-receipt+jws`). Delete the device's files before it is sent. */
export async function makeReceipt({ claims, fingerprint, deviceKey, now, counters }: ReceiptInput): Promise<string> {
  const { iss, aud, sub, act, seq, jti } = claims;
  const receipt: ReceiptClaims = {
    iss,
    aud,
    sub,
    act,
    file: jti,
    seq,
    fp: await fingerprintDigest(iss, fingerprint),
    iat: now,
    counters: { ...counters },
    rid: randomText(16),
  };
  return signMessage(deviceKey, typOf("receipt"), receipt);
}
