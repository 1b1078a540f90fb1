import type { Fact } from "#db/commit";
import type { KeysetRow, RootRow, SigningKeyRow, Trust, TrustChange } from "#db/offline/keys";
import { changing } from "#kernel/changing";
import type { TenantEnv } from "#kernel/endpoint";
import { newSigningKey } from "#kernel/signing";
import { custodyOf, isActive, isPending, KEYSET_VALID_S, seconds, signedKeyset } from "./keyset.ts";
import { presentKeysetMade, presentRoots } from "./presenters.ts";
import { offlineKeysetPending } from "./problems.ts";

export type Vars = Pick<TenantEnv["Variables"], "repo" | "vault" | "now" | "realNow">;

/** What a tenant's programs trust. The first roots and the first keyset are made when they are first asked for, and a keyset of ours is kept fresh. */
export function trustOf(vars: Vars): Promise<Trust> {
  const { repo } = vars;
  return changing(async () => {
    const read = await repo.offlineKeys.trust();
    const missing = await whatIsMissing(vars, read);
    if (!missing) return read;
    await repo.offlineKeys.renew(read, missing.change, missing.facts);
    return undefined;
  });
}

async function whatIsMissing(vars: Vars, read: Trust): Promise<{ change: TrustChange; facts: Fact[] } | undefined> {
  if (custodyOf(read) === "tenant") return undefined;
  if (read.roots.length > 0 && read.keyset && !isAging(read.keyset, vars.now)) return undefined;
  const roots = read.roots.length > 0 ? undefined : await platformRoots(vars);
  return republished(vars, read, { roots });
}

const isAging = ({ expiresAt }: KeysetRow, now: Date) => seconds(expiresAt) - seconds(now) < KEYSET_VALID_S / 2;

/** A change together with the keyset that tells of it, and the facts of both. The roots must be the platform's. */
export async function republished(vars: Vars, read: Trust, { roots, keys }: TrustChange, allKeys = read.keys) {
  const { repo, vault, now } = vars;
  const signing = { tenantId: repo.tenantId, vault, now };
  const keyset = await signedKeyset(signing, roots ?? read.roots, allKeys, (read.keyset?.seq ?? 0) + 1);
  const facts = [...(roots ? [rootsFact(repo.tenantId, read.roots, roots)] : []), keysetFact(repo.tenantId, keyset)];
  return { change: { roots, keys, keyset }, facts };
}

/** Two roots of the platform's. */
export async function platformRoots(vars: Vars): Promise<RootRow[]> {
  return [await platformRoot(vars, "current"), await platformRoot(vars, "next")];
}

/** A root whose private half lies sealed in the database. */
export async function platformRoot({ repo, vault, now }: Vars, role: "current" | "next"): Promise<RootRow> {
  const { kid, publicJwk, privateKey } = await newSigningKey();
  const sealed = await vault.seal(["offline_roots", kid, "private_key"], privateKey);
  const root = { tenantId: repo.tenantId, kid, role, custody: "platform" as const, publicKey: publicJwk.x };
  return { ...root, privateKey: sealed, createdAt: now, retiredAt: null };
}

/** A new signing key; `pending` where a keyset that the tenant signs has to name it first. */
export async function bornSigningKey(
  { repo, vault, now }: Vars,
  productIds: readonly string[],
  { pending }: { pending: boolean },
): Promise<SigningKeyRow> {
  const { kid, publicJwk, privateKey } = await newSigningKey();
  return {
    tenantId: repo.tenantId,
    kid,
    publicJwk,
    privateKey: await vault.seal(["signing_keys", kid, "private_key"], privateKey),
    productIds: [...productIds],
    pendingSince: pending ? now : null,
    retiredAt: null,
    revokedAt: null,
    revokedReason: null,
    createdAt: now,
  };
}

/** Whether something waits for a keyset that the tenant has to sign. */
export function isWaiting({ roots, keys, keyset }: Trust): boolean {
  const isRooted = keyset !== undefined && roots.some(({ kid }) => kid === keyset.rootKid);
  return !isRooted || keys.some(isPending);
}

/** A keyset that programs take today, and the keys that it lets sign. */
export type Usable = { keyset: KeysetRow; keys: SigningKeyRow[] };

/** What files may be signed with now. Throws `offline_keyset_pending` where the tenant has to sign a keyset first. */
export function usable({ roots, keys, keyset }: Trust, now: Date): Usable {
  const isRooted = keyset !== undefined && roots.some(({ kid }) => kid === keyset.rootKid);
  if (!keyset || !isRooted) throw offlineKeysetPending({ why: "No keyset is signed by the roots of this tenant." });
  if (keyset.expiresAt <= now) throw offlineKeysetPending({ why: "The time of the newest keyset is over." });
  const active = keys.filter(isActive);
  if (!active.some(({ productIds }) => productIds.length === 0))
    throw offlineKeysetPending({ why: "A new signing key waits for the keyset that names it." });
  return { keyset, keys: active };
}

export const rootsFact = (tenantId: string, before: readonly RootRow[], after: readonly RootRow[]): Fact => ({
  type: "offline_roots.updated",
  subject: { type: "offline_roots", id: tenantId },
  data: { object: presentRoots(after), previous: before.length > 0 ? presentRoots(before) : null },
});

export const keysetFact = (tenantId: string, keyset: KeysetRow): Fact => ({
  type: "offline_keyset.published",
  subject: { type: "offline_keyset", id: tenantId },
  data: { object: presentKeysetMade(keyset), previous: null },
});
