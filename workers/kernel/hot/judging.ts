import type { Asked } from "#db/licensing/asked";
import { settingsOf } from "#rules/tenants/settings";
import { count } from "../tallies.ts";
import type { HotAsking, HotLicense } from "./door.ts";
import type { LicenseKnown } from "./licenses.ts";
import type { LicenseEntry } from "./memory.ts";
import { Unreachable } from "./truth.ts";

/** What was concluded about a license, and from what. `stale`: that could not be asked whether it still holds. */
export type Judged<V> = { verdict: V; known: LicenseKnown | undefined; stale: boolean; ageMs: number };

/**
 * How a question concludes; a final refusal is one that nothing anybody does could turn. `reread`: what else is judged by is looked up anew,
 * for a license that was read again.
 */
type Rule<V> = {
  judge: (asked: Asked | undefined) => V;
  isFinal: (verdict: V) => boolean;
  reread?: (entry: LicenseEntry | undefined) => Promise<void>;
};

/**
 * Judges by what is known of a license. A refusal that a good deed could have turned is read again of the database before it is answered,
 * so that who has just activated is never refused. While nothing behind can be asked only what was valid is answered, marked stale, for as
 * long as the tenant allows; throws Unreachable for everything else.
 */
export async function judged<V extends { valid: boolean }>(
  asking: HotAsking,
  { known: first, confirmed, callerIsStale }: HotLicense,
  { judge, isFinal, reread }: Rule<V>,
): Promise<Judged<V>> {
  let known = first;
  let verdict = judge(known?.entry.asked);
  const isFirstHand = known === undefined || known.entry.arrival >= asking.arrival;
  if (!verdict.valid && !isFinal(verdict) && !isFirstHand) {
    if (known?.stale) throw new Unreachable("What was known would refuse, and nothing can say whether it still does");
    known = await confirmed();
    await reread?.(known?.entry);
    verdict = judge(known?.entry.asked);
    count("confirmations", verdict.valid ? "turned" : "kept");
  }
  const ageMs = ageOf(asking, known?.entry);
  const stale = callerIsStale || known?.stale === true;
  if (stale) mayAnswerBlind(asking, ageMs);
  return { verdict, known, stale, ageMs };
}

function mayAnswerBlind({ known, realNow }: HotAsking, ageMs: number): void {
  const { when_blind: rule, blind_for_s: seconds } = settingsOf(known.tenant.settings).validation;
  if (rule === "fail_closed") throw new Unreachable("The tenant wants no answer that could not be checked");
  if (ageMs > seconds * 1000) throw new Unreachable(`What is known is too old at ${realNow.toISOString()}`);
  count("blind", "stale");
}

/** How old what is known of a license, and of who asks, is in milliseconds, as of the request's arrival: that of the older of the two. */
export function ageOf(asking: HotAsking, entry: LicenseEntry | undefined): number {
  if (entry === undefined) return 0;
  const { caller, stamp, subjects } = entry;
  const { view } = caller;
  const readAt = Math.min(entry.readAt, caller.readAt);
  // what is learned while a question is being answered makes no answer younger that it contradicts
  const isOutdated =
    view.knowledge.hasChanged(stamp, subjects) || view.knowledge.keysHaveChanged(caller.stamp, caller.known.tenantId);
  return isOutdated ? view.ageBefore(readAt, asking) : view.age(readAt, asking);
}
