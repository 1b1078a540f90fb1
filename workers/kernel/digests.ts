import { lookupForms, storedForm } from "#rules/licensing/keys";
import { componentText, fingerprintText, proofInfo } from "#rules/licensing/olp/keys";
import { digests, newDigest, sha256Url } from "./crypto.ts";
import type { Env } from "./env.ts";
import { derivedKey } from "./signing.ts";
import { peppers } from "./vault.ts";

// License keys and fingerprints never reach the database: only digests of them do, under a pepper and apart for every tenant.

const keyPurpose = (tenantId: string) => `license_key|${tenantId}`;
const componentPurpose = (tenantId: string) => `component|${tenantId}`;
const devicePurpose = (tenantId: string) => `device|${tenantId}`;

/** All that a text may be stored as if it is a license key: as one of our making and as an imported one, under each pepper in use. */
export async function keyDigests(env: Env, tenantId: string, text: string): Promise<string[]> {
  return (await Promise.all(lookupForms(text).map((form) => formDigests(env, tenantId, form)))).flat();
}

/** The same for one of the key's `lookupForms`. */
export async function formDigests(env: Env, tenantId: string, form: string): Promise<string[]> {
  return digests(peppers(env), keyPurpose(tenantId), form);
}

/** What a new license stores of its key. */
export async function newKeyDigest(env: Env, tenantId: string, key: string, origin: "issued" | "imported"): Promise<string> {
  return newDigest(peppers(env), keyPurpose(tenantId), storedForm(key, origin));
}

const proofPurpose = (tenantId: string) => `offline_proof|${tenantId}`;

/** The key pair by which a device without a connection proves that it knows a license key; `stored` is one of the key's `lookupForms`. */
export const proofKey = (tenantId: string, stored: string) => derivedKey(stored, proofInfo(tenantId));

/** What a license stores of its key's proof: an offline request, which does not hold the key, is found by it. */
export async function newProofDigest(env: Env, tenantId: string, key: string, origin: "issued" | "imported"): Promise<string> {
  const { x } = await proofKey(tenantId, storedForm(key, origin));
  return newDigest(peppers(env), proofPurpose(tenantId), x);
}

/** All that the public half of a proof may be stored as. */
export async function proofDigests(env: Env, tenantId: string, x: string): Promise<string[]> {
  return digests(peppers(env), proofPurpose(tenantId), x);
}

/** A fingerprint as OLP-1 messages hold it. */
export const fingerprintDigest = (tenantId: string, fingerprint: string) => sha256Url(fingerprintText(tenantId, fingerprint));

/** A part of a device: what it is, and the hash that its program tells of it. */
export type Component = { kind: string; hash: string };

/** A part of a device as OLP-1 messages hold it. */
export const partDigest = async (tenantId: string, { kind, hash }: Component): Promise<Component> => ({
  kind,
  hash: await sha256Url(componentText(tenantId, kind, hash)),
});

// Devices without a connection tell only of digests, so those are what is digested here too: a device is the same online and offline.

/** All that a device may be stored as. */
export async function deviceDigests(env: Env, tenantId: string, fingerprint: string): Promise<string[]> {
  const told = fingerprintDigest(tenantId, fingerprint).then((digest) => toldDeviceDigests(env, tenantId, digest));
  return (await Promise.all([told, plainDeviceDigests(env, tenantId, fingerprint)])).flat();
}

/** As devices were stored before there were any offline. */
export async function plainDeviceDigests(env: Env, tenantId: string, fingerprint: string): Promise<string[]> {
  return digests(peppers(env), devicePurpose(tenantId), fingerprint);
}

/** The same for a device that told only the digest of its fingerprint. */
export async function toldDeviceDigests(env: Env, tenantId: string, digest: string): Promise<string[]> {
  return digests(peppers(env), devicePurpose(tenantId), digest);
}

/** What a new activation stores of its device's fingerprint. */
export async function newDeviceDigest(env: Env, tenantId: string, fingerprint: string): Promise<string> {
  return newToldDeviceDigest(env, tenantId, await fingerprintDigest(tenantId, fingerprint));
}

/** The same for a device that told only the digest of its fingerprint. */
export async function newToldDeviceDigest(env: Env, tenantId: string, digest: string): Promise<string> {
  return newDigest(peppers(env), devicePurpose(tenantId), digest);
}

// the kind stands before the hash, and has no line breaks: a disk and a board of the same number are two parts
const partText = ({ kind, hash }: Component) => `${kind}\n${hash}`;

/** All that a part of a device may be stored as. */
export async function componentDigests(env: Env, tenantId: string, component: Component): Promise<string[]> {
  return toldComponentDigests(env, tenantId, await partDigest(tenantId, component));
}

/** The same for a part of which a device told only the digest. */
export async function toldComponentDigests(env: Env, tenantId: string, part: Component): Promise<string[]> {
  return digests(peppers(env), componentPurpose(tenantId), partText(part));
}

/** What is stored of a part of a device. */
export async function newComponentDigest(env: Env, tenantId: string, component: Component): Promise<string> {
  return newToldComponentDigest(env, tenantId, await partDigest(tenantId, component));
}

/** The same for a part of which a device told only the digest. */
export async function newToldComponentDigest(env: Env, tenantId: string, part: Component): Promise<string> {
  return newDigest(peppers(env), componentPurpose(tenantId), partText(part));
}
