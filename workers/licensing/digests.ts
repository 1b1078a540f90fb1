import { digests, newDigest } from "#kernel/crypto";
import type { Env } from "#kernel/env";
import { derivedKey } from "#kernel/signing";
import { peppers } from "#kernel/vault";
import { lookupForms, storedForm } from "#rules/licensing/keys";

// License keys and fingerprints never reach the database: only digests of them do, under a pepper and apart for every tenant.

const keyPurpose = (tenantId: string) => `license_key|${tenantId}`;
const componentPurpose = (tenantId: string) => `component|${tenantId}`;
const devicePurpose = (tenantId: string) => `device|${tenantId}`;

/** All that a text may be stored as if it is a license key: as one of our making and as an imported one, under each pepper in use. */
export async function keyDigests(env: Env, tenantId: string, text: string): Promise<string[]> {
  return (await Promise.all(lookupForms(text).map((form) => digests(peppers(env), keyPurpose(tenantId), form)))).flat();
}

/** What a new license stores of its key. */
export async function newKeyDigest(env: Env, tenantId: string, key: string, origin: "issued" | "imported"): Promise<string> {
  return newDigest(peppers(env), keyPurpose(tenantId), storedForm(key, origin));
}

const proofPurpose = (tenantId: string) => `offline_proof|${tenantId}`;

/** The key pair by which a device without a connection proves that it knows a license key; `stored` is one of the key's `lookupForms`. */
export const proofKey = (tenantId: string, stored: string) => derivedKey(stored, `olp1-proof|${tenantId}`);

/** What a license stores of its key's proof: an offline request, which does not hold the key, is found by it. */
export async function newProofDigest(env: Env, tenantId: string, key: string, origin: "issued" | "imported"): Promise<string> {
  const { x } = await proofKey(tenantId, storedForm(key, origin));
  return newDigest(peppers(env), proofPurpose(tenantId), x);
}

/** All that the public half of a proof may be stored as. */
export async function proofDigests(env: Env, tenantId: string, x: string): Promise<string[]> {
  return digests(peppers(env), proofPurpose(tenantId), x);
}

/** All that a fingerprint may be stored as. */
export async function deviceDigests(env: Env, tenantId: string, fingerprint: string): Promise<string[]> {
  return digests(peppers(env), devicePurpose(tenantId), fingerprint);
}

/** What a new activation stores of its device's fingerprint. */
export async function newDeviceDigest(env: Env, tenantId: string, fingerprint: string): Promise<string> {
  return newDigest(peppers(env), devicePurpose(tenantId), fingerprint);
}

/** A part of a device: what it is, and the hash that its program tells of it. */
type Component = { kind: string; hash: string };

// the kind stands before the hash, and has no line breaks: a disk and a board of the same number are two parts
const componentText = ({ kind, hash }: Component) => `${kind}\n${hash}`;

/** All that a part of a device may be stored as. */
export async function componentDigests(env: Env, tenantId: string, component: Component): Promise<string[]> {
  return digests(peppers(env), componentPurpose(tenantId), componentText(component));
}

/** What is stored of a part of a device. */
export async function newComponentDigest(env: Env, tenantId: string, component: Component): Promise<string> {
  return newDigest(peppers(env), componentPurpose(tenantId), componentText(component));
}
