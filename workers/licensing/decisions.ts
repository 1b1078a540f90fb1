import type { Asked, SigningKey } from "#db/licensing/asked";
import type { TenantEnv } from "#kernel/endpoint";
import { newId } from "#kernel/ids";
import { entitlementsToWire } from "#kernel/terms";
import type { z } from "#kernel/wire";
import type { Decision as Decided } from "#rules/licensing/decide";
import { statusOf } from "#rules/licensing/states";
import { keepKeys, keptKeys, keyFor, openSigner, signDecision, type Signer } from "./decision-token.ts";
import type { Decision } from "./schemas.ts";

type Vars = Pick<TenantEnv["Variables"], "repo" | "vault" | "now" | "realNow">;

/** How long a signed decision may be acted on. */
const TOKEN_VALID_FOR_S = 300;

/** Reads what a decision needs, with the tenant's signing keys in the same go where this isolate has them not at hand. */
export async function askedWithSigner<A extends Asked>(
  { repo, vault, realNow }: Vars,
  read: (how: { signingKeys: boolean }) => Promise<{ asked: A | undefined; signingKeys: SigningKey[] | undefined }>,
): Promise<{ asked: A | undefined; signer: Signer }> {
  const kept = keptKeys(repo.tenantId, realNow);
  const { asked, signingKeys } = await read({ signingKeys: kept === undefined });
  const keys = kept ?? keepKeys(repo.tenantId, signingKeys ?? [], realNow);
  return { asked, signer: await openSigner(repo.tenantId, vault, keyFor(keys, asked?.license.productId ?? null)) };
}

/** What the asker sent that comes back signed. */
type Sent = { fingerprint?: string | undefined; version?: string | undefined; nonce?: string | undefined };

/** A decision as the wire shows it. Without a signer it has no token: nobody can act on it. */
export async function presentDecision(
  { repo, realNow }: Vars,
  decided: Decided,
  { asked, at, sent, signer }: { asked: Asked | undefined; at: Date; sent: Sent; signer: Signer | null },
): Promise<z.infer<typeof Decision>> {
  const id = newId("decision", repo.shard, realNow);
  const license = asked ? presentAsked(asked, at) : null;
  const { valid, code, reasons, next } = decided;
  const issuedAt = Math.floor(realNow.getTime() / 1000);
  const claims = {
    iss: repo.tenantId,
    aud: license?.product_id ?? null,
    sub: license?.id ?? null,
    jti: id,
    iat: issuedAt,
    exp: issuedAt + TOKEN_VALID_FOR_S,
    valid,
    code,
    reasons: [...new Set(reasons.map((reason) => reason.code))],
    fp: sent.fingerprint ?? null,
    version: sent.version ?? null,
    nonce: sent.nonce ?? null,
    entitlements: license?.entitlements ?? [],
    stale: false,
    snapshot_age_ms: 0,
  };
  return {
    object: "decision",
    id,
    valid,
    code,
    reasons,
    license,
    evaluated_at: at.toISOString(),
    // read from the database for this very question
    snapshot_age_ms: 0,
    stale: false,
    nonce: sent.nonce ?? null,
    next,
    token: signer && (await signDecision(signer, claims)),
  };
}

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
