import type { SigningKey } from "#db/licensing/asked";
import { importPrivateKey, signJws } from "#kernel/signing";
import type { Vault } from "#kernel/vault";

/** A tenant's signing key, opened. */
export type Signer = { kid: string; key: CryptoKey };

/** How long an opened key is used without looking whether it still is the tenant's. */
const KEPT_FOR_MS = 60_000;
/** A key takes some hundred bytes; an isolate that serves more tenants than this forgets them all and begins anew. */
const MOST_KEPT = 2000;

const kept = new Map<string, Signer & { until: number }>();

/** The tenant's signer, if this isolate opened it within the last minute. */
export function keptSigner(tenantId: string, realNow: Date): Signer | undefined {
  const signer = kept.get(tenantId);
  return signer && realNow.getTime() < signer.until ? signer : undefined;
}

/** Opens a signing key as it was read, and keeps it for a minute. */
export async function openSigner(
  tenantId: string,
  vault: Vault,
  { kid, privateKey }: SigningKey,
  realNow: Date,
): Promise<Signer> {
  const known = kept.get(tenantId);
  const until = realNow.getTime() + KEPT_FOR_MS;
  // still the same key: opening it again would cost four operations for nothing
  const key =
    known?.kid === kid ? known.key : await importPrivateKey(await vault.unseal(["signing_keys", kid, "private_key"], privateKey));
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(tenantId, { kid, key, until });
  return { kid, key };
}

/** Signs a decision. Its `typ` keeps it apart from every other token. */
export async function signDecision({ kid, key }: Signer, claims: Record<string, unknown>): Promise<string> {
  return signJws(key, { kid, typ: "olp1-decision+jws" }, claims);
}
