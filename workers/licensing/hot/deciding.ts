import type { Asked } from "#db/licensing/asked";
import { STAMP_EVERY_MS } from "#db/licensing/licenses";
import type { HotAsking, HotLicense } from "#kernel/hot/door";
import type { Answered, LicenseEntry } from "#kernel/hot/memory";
import { ageOf, type Judged } from "#kernel/hot/judging";
import { count } from "#kernel/tallies";
import { REUSED_FOR_MS } from "#rules/hot/bounds";
import type { Decision as Decided } from "#rules/licensing/decide";
import { nextTurn } from "#rules/licensing/turning";
import { presentDecision, type Answering, type Sent } from "../decisions.ts";
import { castDecision, filledDecision } from "./casting.ts";
import { stampUse } from "../stamps.ts";

/** By what an answer of the hot path is presented and signed. */
export function answeringBy(asking: HotAsking, { ageMs, stale }: { ageMs: number; stale: boolean }): Answering {
  const { tenantId, shard, realNow, known } = asking;
  return { tenantId, shard, realNow, vault: () => asking.vault(), signers: known.signingKeys, snapshotAgeMs: ageMs, stale };
}

/**
 * The decision as text, with its token. A valid one is kept for five seconds, or until something turns: without a nonce the same text then
 * serves the same question, with one it is filled in and signed anew.
 */
export async function decisionText(
  asking: HotAsking,
  { verdict: decided, known, stale, ageMs }: Judged<Decided>,
  sent: Sent,
  inputs: string,
): Promise<string> {
  const by = answeringBy(asking, { ageMs, stale });
  const question = { asked: known?.entry.asked, at: asking.now, sent };
  if (!known || stale || !decided.valid) return JSON.stringify(await presentDecision(by, decided, question));
  const turn = nextTurn(known.entry.asked.snapshot, asking.now);
  const forMs = turn === null ? REUSED_FOR_MS : Math.min(REUSED_FOR_MS, turn.getTime() - asking.now.getTime());
  const until = asking.realNow.getTime() + forMs;
  const answered = { ...castDecision(by, decided, question), inputs, by: asking.known, until };
  known.entry.answered = answered;
  return answerOf(asking, answered, ageMs, sent.nonce);
}

/**
 * What was answered to the same question within the last five seconds; undefined where it was not, or was refused: refusals are never handed
 * out again. Without a nonce it is the same text, else the same decision with a signature of its own.
 */
export function answeredBefore(
  asking: HotAsking,
  { known, callerIsStale }: HotLicense,
  inputs: string,
  nonce?: string,
): string | Promise<string> | undefined {
  const answered = known?.entry.answered;
  if (!answered || known.stale || callerIsStale) return undefined;
  if (answered.inputs !== inputs || asking.realNow.getTime() >= answered.until) return undefined;
  // whoever calls was read again: the tenant's clock or what signs for it may be another one
  if (answered.by !== asking.known) return undefined;
  return answerOf(asking, answered, ageOf(asking, known.entry), nonce);
}

/** The answer out of what is kept, counted as one. */
function answerOf(asking: HotAsking, answered: Answered, ageMs: number, nonce: string | undefined): string | Promise<string> {
  count("validations", answered.code);
  return nonce === undefined && answered.text !== null ? answered.text : filledDecision(asking, answered, ageMs, nonce);
}

/** Notes behind the answer that a license was asked for, and by which device, each at most once a minute. */
export function stampBehind(asking: HotAsking, { asked }: LicenseEntry): void {
  const { license, activation, snapshot } = asked;
  const now = asking.now.getTime();
  const isFresh = (at: Date | null) => at !== null && now - at.getTime() < STAMP_EVERY_MS;
  const seen = activation === null || snapshot.activation?.releasedAt !== null || isFresh(activation.lastSeenAt);
  if (isFresh(license.lastValidatedAt) && seen) return;
  const before: Asked = { ...asked, license: { ...license }, activation: activation && { ...activation } };
  count("hot_calls", "d1/background");
  asking.waitUntil(stampUse(asking.repo(), before, asking.now).catch(() => undefined));
  // noted once for whoever asks within the next minute
  license.lastValidatedAt = asking.now;
  if (activation) activation.lastSeenAt = asking.now;
}
