import { type Certificate, equalBytes } from "./certificate.ts";

/** Why a certificate is not believed. */
export type ChainFault = "expired" | "not_trusted" | "not_paypal";

const MAX_DEPTH = 6;
const MIN_RSA_BITS = 2048;

/**
 * Follows a chain from its leaf (the first) to one of the roots, and says what is wrong with it; undefined where nothing is. Each
 * certificate must be valid now; each authority must be allowed to be one, and has signed the one before.
 */
export async function chainFault(
  [leaf, ...others]: readonly Certificate[],
  roots: readonly Certificate[],
  now: Date,
): Promise<ChainFault | undefined> {
  if (!leaf) return "not_trusted";
  if (!leaf.names.some(isPaypalName)) return "not_paypal";
  let current = leaf;
  for (let authorities = 0; authorities < MAX_DEPTH; authorities++) {
    if (now < current.notBefore || now > current.notAfter) return "expired";
    if (current.hasUnknownDemand) return "not_trusted";
    const root = await issuerAmong(current, roots, authorities);
    if (root) return now < root.notBefore || now > root.notAfter ? "expired" : undefined;
    const issuer = await issuerAmong(current, others, authorities);
    if (!issuer || issuer === current) return "not_trusted";
    current = issuer;
  }
  return "not_trusted";
}

/** A public authority gives names under paypal.com to PayPal alone. */
const isPaypalName = (name: string) => name.endsWith(".paypal.com") && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(name);

async function issuerAmong(certificate: Certificate, candidates: readonly Certificate[], authorities: number) {
  for (const candidate of candidates) {
    const { subject, isAuthority, maySign, pathLength } = candidate;
    if (!isAuthority || !maySign || !equalBytes(subject, certificate.issuer)) continue;
    if (pathLength !== null && authorities > pathLength) continue;
    if (await hasSigned(candidate, certificate)) return candidate;
  }
  return undefined;
}

async function hasSigned(issuer: Certificate, { hash, signature, signed }: Certificate): Promise<boolean> {
  if (hash === null) return false;
  const key = await rsaKey(issuer.publicKey, hash);
  return key !== undefined && crypto.subtle.verify("RSASSA-PKCS1-v1_5", key, signature, signed);
}

/** An RSA key for checking signatures; undefined where it is of another kind, or shorter than can be trusted. */
export async function rsaKey(spki: Uint8Array, hash: NonNullable<Certificate["hash"]>): Promise<CryptoKey | undefined> {
  try {
    const key = await crypto.subtle.importKey("spki", spki, { name: "RSASSA-PKCS1-v1_5", hash }, false, ["verify"]);
    const { modulusLength } = key.algorithm as { modulusLength?: number };
    return (modulusLength ?? 0) >= MIN_RSA_BITS ? key : undefined;
  } catch {
    return undefined;
  }
}
