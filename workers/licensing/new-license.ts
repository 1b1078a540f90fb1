import type { License, LicenseRow } from "#db/licensing/licenses";
import type { Repo } from "#db/repo";
import type { Env } from "#kernel/env";
import type { newOwned } from "#kernel/present";
import type { Vault } from "#kernel/vault";
import { randomBytes } from "#kernel/crypto";
import { firstPeriod } from "#rules/licensing/expiry";
import { anchorOf } from "#rules/licensing/renewal";
import { DEFAULT_KEY_FORMAT, formatKey, ISSUED_KEY_BITS, keyBytes, last4 } from "#rules/licensing/keys";
import {
  coreLimits,
  effectiveTerms,
  freesDeadSeats,
  leaseLengthS,
  seatLimits,
  type TemplateTerms,
  type TermsOverrides,
  userLimits,
} from "#rules/licensing/terms";
import { settingsOf } from "#rules/tenants/settings";
import { newKeyDigest, newProofDigest } from "#kernel/digests";
import { estimatedBits } from "#rules/licensing/key-strength";

/** What a license is made from. */
export type Recipe = {
  id: string;
  template: { id: string; productId: string; rev: number };
  revision: TemplateTerms;
  overrides: TermsOverrides;
  customer: { id: string; timeZone: string | null };
  resellerId: string | null;
  orderId: string | null;
  issuedTo: string | null;
  startsAt: Date;
  /** given outright; undefined = counted by the terms */
  expiresAt?: Date | undefined;
  owned: ReturnType<typeof newOwned>;
};

type KeyColumns = Pick<LicenseRow, "keyHash" | "keyLast4" | "keySealed" | "keySealedUntil" | "keyBits" | "proofHash">;

/** How long the copy of an ordered license's key is kept where otherwise only digests are. */
const ORDERED_KEY_KEPT_MS = 30 * 24 * 3600 * 1000;

/** The row of a new license, and what is shown of it. */
export function newLicense(repo: Pick<Repo, "tenantId" | "tenant">, recipe: Recipe, key: KeyColumns): License {
  const { id, template, revision, overrides, customer, resellerId, orderId, issuedTo, startsAt, expiresAt, owned } = recipe;
  const terms = effectiveTerms(revision, overrides);
  const zone = customer.timeZone ?? repo.tenant.timeZone;
  const row: LicenseRow = {
    tenantId: repo.tenantId,
    id,
    templateId: template.id,
    templateRev: template.rev,
    productId: template.productId,
    customerId: customer.id,
    resellerId,
    orderId,
    subscriptionId: null,
    issuedTo,
    ...key,
    overrides,
    ...effectiveColumns(terms),
    startsAt,
    activatedAt: null,
    firstValidatedAt: null,
    ...firstPeriod(terms, startsAt, zone, expiresAt),
    canceledAt: null,
    canceledReason: null,
    revokedAt: null,
    revokedReason: null,
    holds: [],
    lastValidatedAt: null,
    convertedAt: null,
    transferCount: 0,
    termCount: begins(terms) ? 1 : 0,
    anchorDay: begins(terms) ? anchorOf(terms, startsAt, expiresAt, zone) : null,
    ...owned,
  };
  return { row, revision, terms, seatsHeld: 0, coresHeld: 0, usersHeld: 0, zone };
}

/** Whether the first period begins when the license is made, and not with its first use. */
const begins = ({ expiryBasis }: TemplateTerms) => expiryBasis === "creation";

/** The columns that SQL decides by. They follow from the terms, and are written anew whenever those change. */
export const effectiveColumns = (terms: TemplateTerms) => ({
  type: terms.type,
  model: terms.model,
  maxActivations: terms.maxActivations,
  seatCeiling: seatLimits(terms).ceiling,
  coreCeiling: coreLimits(terms).ceiling,
  userCeiling: userLimits(terms).ceiling,
  churnLimit: terms.maxActivationsPer30d,
  deviceScope: terms.fingerprintUniqueness,
  leaseS: leaseLengthS(terms),
  freesDeadSeats: freesDeadSeats(terms),
  expirationStrategy: terms.expirationStrategy,
  expiryBasis: terms.expiryBasis,
  autoRenew: terms.autoRenew,
});

/** A new license key as the template wants its keys. */
export function newLicenseKey({ keyFormat }: TemplateTerms): string {
  const format = keyFormat ?? DEFAULT_KEY_FORMAT;
  return formatKey(randomBytes(keyBytes(format)), format);
}

type Keeping = { env: Env; vault: Vault; repo: Pick<Repo, "tenantId" | "tenant">; now: Date };

/**
 * What is kept of a key: its digest, its end, and a sealed copy. Where a tenant keeps digests alone, a license by order still gets a copy, so
 * that its buyer can be told the key: until it is revealed, or for 30 days.
 */
export async function keyColumns(
  { env, vault, repo, now }: Keeping,
  id: string,
  key: { text: string; origin: "issued" | "imported"; ordered: boolean },
): Promise<KeyColumns> {
  const digestOnly = settingsOf(repo.tenant.settings).licensing.key_storage === "hash_only";
  const sealed = digestOnly && !key.ordered ? null : await vault.seal(["licenses", id, "key_sealed"], key.text);
  return {
    keyHash: await newKeyDigest(env, repo.tenantId, key.text, key.origin),
    keyLast4: last4(key.text),
    keyBits: key.origin === "issued" ? ISSUED_KEY_BITS : estimatedBits(key.text),
    proofHash: await newProofDigest(env, repo.tenantId, key.text, key.origin),
    keySealed: sealed,
    keySealedUntil: digestOnly && sealed !== null ? new Date(now.getTime() + ORDERED_KEY_KEPT_MS) : null,
  };
}
