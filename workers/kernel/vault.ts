import { randomBytes, seal, unseal, type Place } from "./crypto.ts";
import { base64url, keyring, parseKeyring, type Keyring } from "./keyring.ts";
import type { Env } from "./env.ts";

/** Seals and opens a tenant's secrets under its own data key, which itself is sealed under the platform's. */
export type Vault = {
  seal(place: readonly [table: string, row: string, column: string], text: string): Promise<string>;
  unseal(place: readonly [table: string, row: string, column: string], sealed: string): Promise<string>;
};

const dataKeyPlace = (tenantId: string): Place => [tenantId, "tenants", tenantId, "data_key"];

/** The vault of a tenant. Opening the data key costs two AES operations, so it is done when the first secret is asked for. */
export function vaultOf(env: Env, tenantId: string, sealedDataKey: string): Vault {
  let opened: Promise<Keyring> | undefined;
  const ring = () =>
    (opened ??= unseal(platformKeys(env), dataKeyPlace(tenantId), sealedDataKey).then((key) => parseKeyring("data key", key)));
  return {
    seal: async ([table, row, column], text) => seal(await ring(), [tenantId, table, row, column], text),
    unseal: async ([table, row, column], sealed) => unseal(await ring(), [tenantId, table, row, column], sealed),
  };
}

/** A fresh data key for a new tenant, sealed. */
export async function newDataKey(env: Env, tenantId: string): Promise<string> {
  return seal(platformKeys(env), dataKeyPlace(tenantId), `1=${base64url(randomBytes(32))}`);
}

export const platformKeys = (env: Env) => keyring("LATCHKEY_PLATFORM_KEYS", env.LATCHKEY_PLATFORM_KEYS);
export const peppers = (env: Env) => keyring("LATCHKEY_PEPPERS", env.LATCHKEY_PEPPERS);
