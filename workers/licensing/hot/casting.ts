import type { HotAsking } from "#kernel/hot/door";
import type { Answered } from "#kernel/hot/memory";
import { filled, Marks } from "#kernel/hot/mould";
import { newId } from "#kernel/ids";
import type { Decision as Decided } from "#rules/licensing/decide";
import { keyFor, openSigner, signDecision, type Signer } from "../decision-token.ts";
import { draftDecision, issuedAt, TOKEN_VALID_FOR_S, type Answering, type Question } from "../decisions.ts";

// A decision for the same question differs from the last one in a few places only. So it is presented once, cut there, and filled in for each
// who asks within the next seconds: what is signed anew for every nonce then costs its signature, and little beside it.

let marks: Marks | undefined;

/** A decision and its claims, presented as always and cut where the next answer to the same question differs. */
export function castDecision(
  by: Answering,
  decided: Decided,
  question: Question,
): Pick<Answered, "code" | "text" | "decision" | "claims" | "audience" | "signer"> {
  marks ??= new Marks(5);
  const { decision, claims } = draftDecision(by, decided, question, marks.all[0] ?? "");
  const [, second, third, nonce, last] = marks.all;
  return {
    code: decided.code,
    text: null,
    decision: marks.cut(JSON.stringify({ ...decision, evaluated_at: second, snapshot_age_ms: third, nonce, token: last })),
    claims: marks.cut(JSON.stringify({ ...claims, iat: second, exp: third, nonce, snapshot_age_ms: last })),
    audience: claims.aud,
    signer: null,
  };
}

/** Who asks for it again, and when. */
export type Again = Pick<HotAsking, "tenantId" | "shard" | "realNow" | "now" | "vault"> & {
  known: Pick<HotAsking["known"], "signingKeys">;
};

/** The decision as text for who asks now, signed now. Without a nonce it is kept as it is for the next one. */
export async function filledDecision(
  asking: Again,
  answered: Omit<Answered, "by">,
  ageMs: number,
  sent: string | undefined,
): Promise<string> {
  const { shard, realNow, now } = asking;
  // opened for the first of them, and waited for only by that one
  const signer = answered.signer ?? (answered.signer = await signerFor(asking, answered));
  const id = `"${newId("decision", shard, realNow)}"`;
  const nonce = sent === undefined ? "null" : JSON.stringify(sent);
  const iat = issuedAt(realNow);
  const claims = filled(answered.claims, [id, iat, iat + TOKEN_VALID_FOR_S, nonce, ageMs]);
  const token = await signDecision(signer, claims);
  const text = filled(answered.decision, [id, `"${now.toISOString()}"`, ageMs, nonce, `"${token}"`]);
  if (sent === undefined) answered.text = text;
  return text;
}

const signerFor = (asking: Again, { audience }: Pick<Answered, "audience">): Promise<Signer> =>
  openSigner(asking.tenantId, () => asking.vault(), keyFor(asking.known.signingKeys, audience));
