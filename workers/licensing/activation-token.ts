import { equalInConstantTime, hmac } from "#kernel/crypto";
import type { Env } from "#kernel/env";
import { keyOf } from "#kernel/keyring";
import { platformKeys } from "#kernel/vault";
import { base32 } from "#rules/ids";

/** What a token is derived from: nothing of it is stored, and another generation of the activation has another token. */
type Device = { tenantId: string; id: string; deviceHash: string; generation: number };

const TOKEN = /^lat_([0-9a-z]{2}[0-9a-hjkmnp-tv-z]{26})_([0-9a-hjkmnp-tv-z]{32})$/;

/** The token of an activation: its id, and 160 bits of an HMAC that only the platform can make. The same device always gets the same. */
export async function activationToken(env: Env, device: Device): Promise<string> {
  const ring = platformKeys(env);
  return `lat_${device.id.slice("act_".length)}_${await mac(keyOf(ring, ring.current), device)}`;
}

/** The activation that a token speaks of, if it is a token; whether it is genuine says `isTokenOf`. */
export function activationIn(token: string): string | undefined {
  const id = TOKEN.exec(token)?.[1];
  return id === undefined ? undefined : `act_${id}`;
}

/** Whether the token was derived for this activation, under any platform key still in use. */
export async function isTokenOf(env: Env, device: Device, token: string): Promise<boolean> {
  const [, id, sent] = TOKEN.exec(token) ?? [];
  if (id === undefined || sent === undefined || device.id !== `act_${id}`) return false;
  const macs = await Promise.all([...platformKeys(env).versions.values()].map((secret) => mac(secret, device)));
  return macs.some((each) => equalInConstantTime(each, sent));
}

async function mac(secret: Uint8Array, { tenantId, id, deviceHash, generation }: Device): Promise<string> {
  const bytes = await hmac(secret, `activation_token\n${tenantId}\n${id}\n${deviceHash}\n${generation}`);
  return base32(bytes.subarray(0, 20));
}
