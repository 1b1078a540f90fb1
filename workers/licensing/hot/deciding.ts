import type { Asked } from "#db/licensing/asked";
import { STAMP_EVERY_MS } from "#db/licensing/licenses";
import type { HotAsking, HotLicense } from "#kernel/hot/door";
import type { Answered, LicenseEntry } from "#kernel/hot/memory";
import type { LicenseKnown } from "#kernel/hot/licenses";
import { Unreachable } from "#kernel/hot/truth";
import { count } from "#kernel/tallies";
import { REUSED_FOR_MS } from "#rules/hot/bounds";
import type { Decision as Decided } from "#rules/licensing/decide";
import { isFinal, nextTurn } from "#rules/licensing/turning";
import { settingsOf } from "#rules/tenants/settings";
import { presentDecision, type Answering, type Sent } from "../decisions.ts";
import { castDecision, filledDecision } from "./casting.ts";
import { stampUse } from "../stamps.ts";

/** A decision with what it was made of. `stale`: what it was made of could not be asked whether it still holds. */
export type HotDecision = { decided: Decided; known: LicenseKnown | undefined; stale: boolean; ageMs: number };

/**
 * Decides by what is known of a license. A refusal that a good deed could have turned is read again of the database before it is answered,
 * so that who has just activated is never refused. While nothing behind can be asked only what was valid is answered, marked stale, for as
 * long as the tenant allows; throws Unreachable for everything else.
 */
export async function hotDecision(
  asking: HotAsking,
  { known: first, confirmed, callerIsStale }: HotLicense,
  judge: (asked: Asked | undefined) => Decided,
): Promise<HotDecision> {
  let known = first;
  let decided = judge(known?.entry.asked);
  const isFirstHand = known === undefined || known.entry.arrival >= asking.arrival;
  if (!decided.valid && !isFinal(decided) && !isFirstHand) {
    if (known?.stale) throw new Unreachable("What was known would refuse, and nothing can say whether it still does");
    known = await confirmed();
    decided = judge(known?.entry.asked);
    count("confirmations", decided.valid ? "turned" : "kept");
  }
  const ageMs = ageOf(asking, known?.entry);
  const stale = callerIsStale || known?.stale === true;
  if (stale) mayAnswerBlind(asking, ageMs);
  return { decided, known, stale, ageMs };
}

function mayAnswerBlind({ known, realNow }: HotAsking, ageMs: number): void {
  const { when_blind: rule, blind_for_s: seconds } = settingsOf(known.tenant.settings).validation;
  if (rule === "fail_closed") throw new Unreachable("The tenant wants no answer that could not be checked");
  if (ageMs > seconds * 1000) throw new Unreachable(`What is known is too old at ${realNow.toISOString()}`);
  count("blind", "stale");
}

/** How old what is known of a license is, in milliseconds, as of the request's arrival. */
function ageOf(asking: HotAsking, entry: LicenseEntry | undefined): number {
  return entry === undefined ? 0 : entry.caller.view.age(entry.readAt, asking);
}

/**
 * The decision as text, with its token. A valid one is kept for five seconds, or until something turns: without a nonce the same text then
 * serves the same question, with one it is filled in and signed anew.
 */
export async function decisionText(
  asking: HotAsking,
  { decided, known, stale, ageMs }: HotDecision,
  sent: Sent,
  inputs: string,
): Promise<string> {
  const by = answeringOf(asking, ageMs, stale);
  const question = { asked: known?.entry.asked, at: asking.now, sent };
  if (!known || stale || !decided.valid) return JSON.stringify(await presentDecision(by, decided, question));
  const turn = nextTurn(known.entry.asked.snapshot, asking.now);
  const forMs = turn === null ? REUSED_FOR_MS : Math.min(REUSED_FOR_MS, turn.getTime() - asking.now.getTime());
  const answered = { ...castDecision(by, decided, question), inputs, until: asking.realNow.getTime() + forMs };
  known.entry.answered = answered;
  return answerOf(asking, answered, ageMs, sent.nonce);
}

function answeringOf(asking: HotAsking, snapshotAgeMs: number, stale: boolean): Answering {
  const { tenantId, shard, realNow, vault } = asking;
  return { tenantId, shard, realNow, vault, signers: asking.known.signingKeys, snapshotAgeMs, stale };
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
