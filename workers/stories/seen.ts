import type { SeenStory } from "#db/stories/mirror";
import { newId } from "#kernel/ids";
import { z, InstantInput, Ref } from "#kernel/wire";
import { STORY_STATES } from "#rules/stories/states";

/**
 * A story as the host saw it. Texts are bounded here, not refused: one long error must not keep the others from being told. What no JSON of ours
 * holds (the character NUL, half a character) the host has to leave out: a body with it is refused as a whole.
 */
export const Seen = z.strictObject({
  /** `platform` for pumps */
  tenant_id: Ref,
  workflow_id: Ref,
  run_id: Ref,
  kind: Ref,
  subject_id: z.string(),
  state: z.enum(STORY_STATES),
  outcome: z.string().nullable(),
  summary: z.string(),
  details: z.string(),
  waits_for: z.string().nullable(),
  waits_until: InstantInput.nullable(),
  attempt: z.int().min(0),
  error_code: z.string().nullable(),
  error: z.string().nullable(),
  since: InstantInput,
  started_at: InstantInput,
  ended_at: InstantInput.nullable(),
});

/** How many characters of each text are kept. */
const KEPT = { word: 100, sentence: 500, error: 2_000 };

/** What the host saw as a row; its id says when it began, so that lists are in that order. */
export const seenStory = (seen: z.infer<typeof Seen>, shard: string): SeenStory => ({
  id: newId("story", shard, seen.started_at),
  tenantId: seen.tenant_id,
  workflowId: seen.workflow_id,
  runId: seen.run_id,
  kind: cut(seen.kind, KEPT.word),
  subjectId: cut(seen.subject_id, KEPT.word),
  state: seen.state,
  outcome: bounded(seen.outcome, KEPT.sentence),
  summary: cut(seen.summary, KEPT.sentence),
  details: cut(seen.details, KEPT.sentence),
  waitsFor: bounded(seen.waits_for, KEPT.sentence),
  waitsUntil: seen.waits_until,
  attempt: seen.attempt,
  errorCode: bounded(seen.error_code, KEPT.word),
  error: bounded(seen.error, KEPT.error),
  since: seen.since,
  startedAt: seen.started_at,
  endedAt: seen.ended_at,
});

const bounded = (text: string | null, max: number) => (text === null ? null : cut(text, max));

/** The beginning of a text, without half a character at its end and without what no text holds. */
export function cut(text: string, max: number): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  const plain = text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, "");
  if (plain.length <= max) return plain.toWellFormed();
  return `${plain
    .slice(0, max - 1)
    .replace(/[\ud800-\udbff]$/, "")
    .toWellFormed()}…`;
}
