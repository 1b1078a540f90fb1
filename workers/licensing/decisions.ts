import type { Asked, SigningKey } from "#db/licensing/asked";
import type { TenantEnv } from "#kernel/endpoint";
import { newId } from "#kernel/ids";
import { count } from "#kernel/tallies";
import { entitlementsToWire } from "#kernel/terms";
import type { Vault } from "#kernel/vault";
import type { z } from "#kernel/wire";
import type { Decision as Decided } from "#rules/licensing/decide";
import { statusOf } from "#rules/licensing/states";
import { keyFor, openSigner, signDecision } from "./decision-token.ts";
import type { Decision } from "./schemas.ts";

/** How long a signed decision may be acted on. */
export const TOKEN_VALID_FOR_S = 300;

/** Whose decision it is, and how young what it rests on. Without signers it has no token: nobody can act on it. */
export type Answering = {
  tenantId: string;
  shard: string;
  realNow: Date;
  vault: () => Vault;
  signers: readonly SigningKey[] | null;
  /** how old the knowledge is that it rests on */
  snapshotAgeMs: number;
  /** neither the feed of changes nor the database could be asked whether it still holds */
  stale: boolean;
};

/** What a request answers by that has read the database for this very question. */
export function answering({ repo, realNow, vault, signingKeys }: TenantEnv["Variables"]): Answering {
  return {
    tenantId: repo.tenantId,
    shard: repo.shard,
    realNow,
    vault: () => vault,
    signers: signingKeys,
    snapshotAgeMs: 0,
    stale: false,
  };
}

/** What the asker sent that comes back signed. */
export type Sent = { fingerprint?: string | undefined; version?: string | undefined; nonce?: string | undefined };

/** What a decision is made of: the license as it was read, the instant that it is judged at, and what the asker sent. */
export type Question = { asked: Asked | undefined; at: Date; sent: Sent };

/** A decision as the wire shows it; it is counted as one that was answered. */
export async function presentDecision(by: Answering, decided: Decided, question: Question): Promise<z.infer<typeof Decision>> {
  const { tenantId, shard, realNow, vault, signers } = by;
  const { decision, claims } = draftDecision(by, decided, question, newId("decision", shard, realNow));
  count("validations", decided.code);
  const signer = signers && (await openSigner(tenantId, vault, keyFor(signers, claims.aud)));
  return { ...decision, token: signer && (await signDecision(signer, JSON.stringify(claims))) };
}

/** A decision but for its token, and what the token claims. */
export function draftDecision(
  { tenantId, realNow, snapshotAgeMs, stale }: Pick<Answering, "tenantId" | "realNow" | "snapshotAgeMs" | "stale">,
  { valid, code, reasons, next }: Decided,
  { asked, at, sent }: Question,
  id: string,
) {
  const license = asked ? presentAsked(asked, at) : null;
  const nonce = sent.nonce ?? null;
  const iat = issuedAt(realNow);
  const claims = {
    iss: tenantId,
    aud: license?.product_id ?? null,
    sub: license?.id ?? null,
    jti: id,
    iat,
    exp: iat + TOKEN_VALID_FOR_S,
    valid,
    code,
    reasons: [...new Set(reasons.map((reason) => reason.code))],
    fp: sent.fingerprint ?? null,
    version: sent.version ?? null,
    nonce,
    entitlements: license?.entitlements ?? [],
    stale,
    snapshot_age_ms: snapshotAgeMs,
  };
  const decision = {
    object: "decision" as const,
    id,
    valid,
    code,
    reasons,
    license,
    evaluated_at: at.toISOString(),
    snapshot_age_ms: snapshotAgeMs,
    stale,
    nonce,
    next,
  };
  return { decision, claims };
}

/** What a token that is signed now says of when that was. */
export const issuedAt = (realNow: Date): number => Math.floor(realNow.getTime() / 1000);

function presentAsked({ snapshot, license }: Asked, at: Date) {
  const { license: life, terms } = snapshot;
  return {
    id: license.id,
    status: statusOf(life, at),
    type: terms.type,
    product_id: license.productId,
    expires_at: life.expiresAt?.toISOString() ?? null,
    grace_until: life.graceUntil?.toISOString() ?? null,
    max_activations: terms.maxActivations,
    entitlements: entitlementsToWire(terms.entitlements),
  };
}
