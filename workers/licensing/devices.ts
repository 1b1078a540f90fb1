import type { DevicePart } from "#db/licensing/tables";
import type { Env } from "#kernel/env";
import { componentDigests, deviceDigests, newComponentDigest, newDeviceDigest } from "./digests.ts";

/** What a device tells of itself when it asks for a seat. */
export type Device = {
  fingerprint: string;
  components?: readonly { kind: string; hash: string }[] | undefined;
  user?: string | null | undefined;
  name?: string | null | undefined;
  platform?: string | null | undefined;
  appVersion?: string | null | undefined;
  cores?: number | null | undefined;
  /** Ed25519, base64url */
  devicePublicKey?: string | null | undefined;
};

/** The same as digests: all that device and parts may be stored as, and what a new row stores of them. */
export type KnownDevice = {
  digests: readonly string[];
  digest: string;
  parts: readonly string[];
  components: readonly DevicePart[];
  /** whether a stored part is the part of that kind */
  isPart: (kind: string, stored: string) => boolean;
};

/** Makes the digests of a device and of its parts. */
export async function deviceOf(env: Env, tenantId: string, { fingerprint, components = [] }: Device): Promise<KnownDevice> {
  const [digests, digest, parts, stored] = await Promise.all([
    deviceDigests(env, tenantId, fingerprint),
    newDeviceDigest(env, tenantId, fingerprint),
    Promise.all(components.map(async (part) => [part.kind, await componentDigests(env, tenantId, part)] as const)),
    Promise.all(components.map(async (part) => ({ kind: part.kind, hash: await newComponentDigest(env, tenantId, part) }))),
  ]);
  const known = new Map(parts);
  return {
    digests,
    digest,
    parts: parts.flatMap(([, each]) => each),
    components: stored,
    isPart: (kind, hash) => known.get(kind)?.includes(hash) ?? false,
  };
}
