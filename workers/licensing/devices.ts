import type { DevicePart } from "#db/licensing/tables";
import type { Env } from "#kernel/env";
import {
  fingerprintDigest,
  newToldComponentDigest,
  newToldDeviceDigest,
  partDigest,
  toldComponentDigests,
  toldDeviceDigests,
  plainDeviceDigests,
  type Component,
} from "#kernel/digests";

/** A device as digests: all that it and its parts may be stored as, and what a new row stores of them. */
export type KnownDevice = {
  digests: readonly string[];
  digest: string;
  parts: readonly string[];
  components: readonly DevicePart[];
  /** whether a stored part is the part of that kind */
  isPart: (kind: string, stored: string) => boolean;
};

/** A device by its fingerprint and the parts that its program tells of. */
export async function deviceOf(
  env: Env,
  tenantId: string,
  { fingerprint, components = [] }: { fingerprint: string; components?: readonly Component[] | undefined },
): Promise<KnownDevice> {
  const [digest, plain, ...told] = await Promise.all([
    fingerprintDigest(tenantId, fingerprint),
    plainDeviceDigests(env, tenantId, fingerprint),
    ...components.map((part) => partDigest(tenantId, part)),
  ]);
  const known = await toldDeviceOf(env, tenantId, { digest, components: told });
  return { ...known, digests: [...known.digests, ...plain] };
}

/** The same for a device that told of itself in an offline message: only digests of fingerprint and parts. */
export async function toldDeviceOf(
  env: Env,
  tenantId: string,
  { digest, components }: { digest: string; components: readonly Component[] },
): Promise<KnownDevice> {
  const [digests, stored, parts, storedParts] = await Promise.all([
    toldDeviceDigests(env, tenantId, digest),
    newToldDeviceDigest(env, tenantId, digest),
    Promise.all(components.map(async (part) => [part.kind, await toldComponentDigests(env, tenantId, part)] as const)),
    Promise.all(components.map(async (part) => ({ kind: part.kind, hash: await newToldComponentDigest(env, tenantId, part) }))),
  ]);
  const known = new Map(parts);
  return {
    digests,
    digest: stored,
    parts: parts.flatMap(([, each]) => each),
    components: storedParts,
    isPart: (kind, hash) => known.get(kind)?.includes(hash) ?? false,
  };
}
