import type { KeysetRow, RootRow, SigningKeyRow } from "#db/offline/keys";
import { importPrivateKey, signJws } from "#kernel/signing";
import type { Vault } from "#kernel/vault";
import type { KeysetClaims, KeysetKey } from "#rules/licensing/olp/claims";
import { typOf } from "#rules/licensing/olp/message";

/** How long a keyset may be used. The platform signs a new one when half of it is over. */
export const KEYSET_VALID_S = 730 * 24 * 3600;
/** For so long may a keyset that was drafted wait for its signature: a root that is kept offline is not at hand every day. */
export const DRAFT_VALID_S = 30 * 24 * 3600;
/** What a key signed so shortly after it was retired still counts: an isolate notices within a minute. */
const RETIRED_MARGIN_S = 300;
/** A key is named for so long after its end: no file that it signed is older. */
const NAMED_FOR_S = 3 * KEYSET_VALID_S;
/** A keyset that names more could be too long to be read. */
export const MOST_KEYS_NAMED = 150;

export const seconds = (at: Date) => Math.floor(at.getTime() / 1000);

/** What a key may sign for, as a text that is equal for equal sets. */
export const bindingOf = ({ productIds }: Pick<SigningKeyRow, "productIds">) => [...productIds].sort().join(" ");

export const isOver = ({ retiredAt, revokedAt }: SigningKeyRow) => retiredAt !== null || revokedAt !== null;
export const isPending = (key: SigningKeyRow) => key.pendingSince !== null && !isOver(key);
export const isActive = (key: SigningKeyRow) => key.pendingSince === null && !isOver(key);

/** The keys in whose place those step that wait for a keyset. */
export function replacedByPending(keys: readonly SigningKeyRow[]): SigningKeyRow[] {
  const bindings = new Set(keys.filter(isPending).map(bindingOf));
  return keys.filter((key) => isActive(key) && bindings.has(bindingOf(key)));
}

/**
 * What a keyset says: keys that wait are active in it, and those in whose place they step are retired. Their time ends only when a keyset
 * that was made now could no longer be published, because until then they sign.
 */
export function keysetClaims(tenantId: string, keys: readonly SigningKeyRow[], seq: number, iat: number): KeysetClaims {
  const leaving = new Set(replacedByPending(keys));
  const until = (key: SigningKeyRow) => {
    if (leaving.has(key)) return iat + DRAFT_VALID_S;
    const end = key.revokedAt ?? key.retiredAt;
    return end === null ? null : seconds(end) + RETIRED_MARGIN_S;
  };
  const named = keys
    // what waited and was revoked never signed
    .filter((key) => key.pendingSince === null || isPending(key))
    .map((key): KeysetKey => {
      const status = key.revokedAt ? "revoked" : key.retiredAt || leaving.has(key) ? "retired" : "active";
      return {
        kid: key.kid,
        x: key.publicJwk.x,
        status,
        products: [...key.productIds].sort(),
        from: seconds(key.createdAt),
        until: until(key),
      };
    })
    .filter((key) => key.until === null || key.until + NAMED_FOR_S > iat);
  return { iss: tenantId, seq, iat, exp: iat + KEYSET_VALID_S, keys: named };
}

/** The rows as they are once a keyset with all of them is out: nothing waits, and what was replaced is retired. */
export function published(keys: readonly SigningKeyRow[], now: Date): SigningKeyRow[] {
  const leaving = new Set(replacedByPending(keys));
  return keys.flatMap((key): SigningKeyRow[] => {
    if (leaving.has(key)) return [{ ...key, retiredAt: now }];
    return isPending(key) ? [{ ...key, pendingSince: null }] : [];
  });
}

/** The rows of a tenant's keys where some are new or changed. */
export function withChanged(keys: readonly SigningKeyRow[], changed: readonly SigningKeyRow[]): SigningKeyRow[] {
  const kids = new Set(changed.map(({ kid }) => kid));
  return [...changed, ...keys.filter(({ kid }) => !kids.has(kid))].sort(
    (a, b) => b.createdAt.getTime() - a.createdAt.getTime() || (a.kid < b.kid ? -1 : 1),
  );
}

export const rootOf = (roots: readonly RootRow[], role: "current" | "next") => roots.find((root) => root.role === role);

/** Who keeps the private halves of the roots. Before there are any it is the platform. */
export const custodyOf = ({ roots }: { roots: readonly RootRow[] }) => rootOf(roots, "current")?.custody ?? "platform";

type Signing = { tenantId: string; vault: Vault; now: Date };

/** A keyset of the given keys, signed by the current root, which the platform holds. */
export async function signedKeyset(
  { tenantId, vault, now }: Signing,
  roots: readonly RootRow[],
  keys: readonly SigningKeyRow[],
  seq: number,
): Promise<KeysetRow> {
  const root = rootOf(roots, "current");
  if (!root?.privateKey) throw new Error("The platform does not hold the current root");
  const key = await importPrivateKey(await vault.unseal(["offline_roots", root.kid, "private_key"], root.privateKey));
  const claims = keysetClaims(tenantId, keys, seq, seconds(now));
  const text = await signJws(key, { kid: root.kid, typ: typOf("keyset") }, claims);
  return { tenantId, seq, text, rootKid: root.kid, expiresAt: new Date(claims.exp * 1000), createdAt: now };
}
