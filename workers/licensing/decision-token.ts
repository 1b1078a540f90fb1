import type { SigningKey } from "#db/licensing/asked";
import { importPrivateKey, signJws } from "#kernel/signing";
import type { Vault } from "#kernel/vault";

/** A tenant's signing key, opened. */
export type Signer = { kid: string; key: CryptoKey };

/** How long keys are used without looking whether they still are the tenant's: so long does one sign after it was revoked. */
const KEPT_FOR_MS = 60_000;
/** A key takes some hundred bytes; an isolate that serves more tenants than this forgets them all and begins anew. */
const MOST_KEPT = 2000;

const kept = new Map<string, { keys: readonly SigningKey[]; opened: Map<string, CryptoKey>; until: number }>();

/** The keys that sign for a tenant, if this isolate read them within the last minute. */
export function keptKeys(tenantId: string, realNow: Date): readonly SigningKey[] | undefined {
  const known = kept.get(tenantId);
  return known && realNow.getTime() < known.until ? known.keys : undefined;
}

/** Keeps keys for a minute, as they were read. */
export function keepKeys(tenantId: string, keys: readonly SigningKey[], realNow: Date): readonly SigningKey[] {
  // a key that still signs was opened before: doing it again would cost four operations for nothing
  const before = kept.get(tenantId)?.opened ?? new Map<string, CryptoKey>();
  const opened = new Map([...before].filter(([kid]) => keys.some((key) => key.kid === kid)));
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(tenantId, { keys, opened, until: realNow.getTime() + KEPT_FOR_MS });
  return keys;
}

/** The key that signs for a product: its own where it has one, else the one for everything; the newest of several. */
export function keyFor<K extends Pick<SigningKey, "productIds">>(keys: readonly K[], productId: string | null): K {
  const own = productId === null ? undefined : keys.find(({ productIds }) => productIds.includes(productId));
  const key = own ?? keys.find(({ productIds }) => productIds.length === 0);
  if (!key) throw new Error("The tenant has no signing key");
  return key;
}

/** Opens a signing key as it was read. */
export async function openSigner(tenantId: string, vault: Vault, { kid, privateKey }: SigningKey): Promise<Signer> {
  const opened = kept.get(tenantId)?.opened;
  const known = opened?.get(kid);
  if (known) return { kid, key: known };
  const key = await importPrivateKey(await vault.unseal(["signing_keys", kid, "private_key"], privateKey));
  opened?.set(kid, key);
  return { kid, key };
}

/** Signs a decision. Its `typ` keeps it apart from every other token. */
export async function signDecision({ kid, key }: Signer, claims: Record<string, unknown>): Promise<string> {
  return signJws(key, { kid, typ: "olp1-decision+jws" }, claims);
}
