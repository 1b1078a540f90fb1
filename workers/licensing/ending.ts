import type { Fact } from "#db/commit";
import type { ActivationRow } from "#db/licensing/activations";
import type { Repo } from "#db/repo";
import { changeFact } from "#kernel/facts";
import { presentActivation } from "./presenters.ts";

type How = {
  reason: string | null;
  /** whether the vendor accepts that a license file goes on working while another device has the seat */
  overlap: boolean;
};

/** An activation as it is when it was ended, and what is told of it. Null where it had ended in this way already. */
export type Ended = { row: ActivationRow; fact: Fact } | null;

/**
 * Ends an activation at `now`. A device that works offline keeps its seat as long as its newest license file works, because nobody can take that
 * back: unless the overlap is accepted, it ends by itself with the file.
 */
export async function ended(repo: Repo, before: ActivationRow, { reason, overlap }: How, now: Date): Promise<Ended> {
  if (before.releasedAt !== null) return null;
  const worksUntil = before.type === "offline" ? await repo.activations.fileEndOf(before.id) : undefined;
  const works = worksUntil !== undefined && worksUntil > now;
  if (works && !overlap) {
    if (before.endsAt !== null && before.endsAt >= worksUntil) return null;
    const row = { ...before, endsAt: worksUntil, releasedReason: reason, updatedAt: now };
    return { row, fact: changeFact("activation.updated", presentActivation(before), presentActivation(row)) };
  }
  const row = { ...before, releasedAt: now, releasedReason: reason, updatedAt: now };
  const told = changeFact("activation.released", presentActivation(before), presentActivation(row));
  if (!works) return { row, fact: told };
  // that two devices may work with one seat was somebody's decision: it stands in the event, beside who made it
  const object = { ...told.data.object, overlap_accepted_until: worksUntil.toISOString() };
  return { row, fact: { ...told, data: { ...told.data, object } } };
}
