import type { SigningKey } from "#db/licensing/asked";
import { importPrivateKey, jwsHead, signJwsText } from "#kernel/signing";
import type { Vault } from "#kernel/vault";

/** A tenant's signing key, opened; `head` is what its decisions begin with. */
export type Signer = { kid: string; key: CryptoKey; head: string };

/** A key takes some hundred bytes; an isolate that signs for more of them than this forgets them all and begins anew. */
const MOST_OPENED = 5000;

const opened = new Map<string, Signer>();

/** The key that signs for a product: its own where it has one, else the one for everything; the newest of several. */
export function keyFor<K extends Pick<SigningKey, "productIds">>(keys: readonly K[], productId: string | null): K {
  const own = productId === null ? undefined : keys.find(({ productIds }) => productIds.includes(productId));
  const key = own ?? keys.find(({ productIds }) => productIds.length === 0);
  if (!key) throw new Error("The tenant has no signing key");
  return key;
}

/** Opens a signing key as it was read; one that this isolate opened before costs nothing. Which keys still sign is the caller's to know. */
export async function openSigner(tenantId: string, vault: () => Vault, { kid, privateKey }: SigningKey): Promise<Signer> {
  const name = `${tenantId}|${kid}`;
  const known = opened.get(name);
  if (known) return known;
  const key = await importPrivateKey(await vault().unseal(["signing_keys", kid, "private_key"], privateKey));
  // its `typ` keeps a decision apart from every other token
  const signer = { kid, key, head: jwsHead({ kid, typ: "olp1-decision+jws" }) };
  if (opened.size >= MOST_OPENED) opened.clear();
  opened.set(name, signer);
  return signer;
}

/** Signs a decision's claims, which are JSON. */
export function signDecision({ head, key }: Signer, claims: string): Promise<string> {
  return signJwsText(key, head, claims);
}
