import type { LifecycleRunRow } from "#db/stories/lifecycle";
import type { StoryRow } from "#db/stories/stories";
import type { TestClockRow } from "#db/stories/test-clocks";
import type { Env } from "#kernel/env";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import { nounOf } from "#rules/ids";
import { commandsOf, type Commanded } from "#rules/stories/commands";
import { helpOf } from "#rules/stories/help";
import type { LifecycleRun, Story, TestClock } from "./schemas.ts";

/** `now` is the sandbox's time; `workflowId` the story that advances it, where that is known. */
export const presentTestClock = (row: TestClockRow, now: Date, workflowId: string | null = null): z.infer<typeof TestClock> => ({
  object: "test_clock",
  id: row.id,
  status: row.status,
  now: now.toISOString(),
  target: row.target?.toISOString() ?? null,
  waits_for: row.waitsSince === null ? null : { story: row.waitsFor, since: row.waitsSince.toISOString() },
  error: row.error,
  workflow_id: workflowId,
  ...presentOwned(row),
});

type TemporalUi = Pick<Env, "LATCHKEY_TEMPORAL_UI_URL">;

/** A story as its tenant sees it. */
export const presentStory = (row: StoryRow, env: TemporalUi): z.infer<typeof Story> => ({
  object: "story",
  id: row.id,
  kind: row.kind,
  workflow_id: row.workflowId,
  run_id: row.runId,
  subject: { type: nounOf(row.subjectId) ?? "shard", id: row.subjectId },
  state: row.state,
  outcome: row.outcome,
  summary: row.summary,
  details: row.details,
  waits_for: row.waitsFor,
  waits_until: row.waitsUntil?.toISOString() ?? null,
  attempt: row.attempt,
  error_code: row.errorCode,
  error: row.error,
  since: row.since.toISOString(),
  started_at: row.startedAt.toISOString(),
  ended_at: row.endedAt?.toISOString() ?? null,
  help: helpOf(row),
  commands: commandsOf(commandedOf(row)),
  last_command: lastCommand(row),
  temporal_ui_url: pageOf(row, env),
  seen_at: row.seenAt.toISOString(),
});

/** The same as operators see it: with whose it is. */
export const presentAnyStory = (row: StoryRow, env: TemporalUi): z.infer<typeof Story> => ({
  ...presentStory(row, env),
  tenant_id: row.tenantId,
});

/** What of a story says which commands it takes. */
export const commandedOf = (row: StoryRow): Commanded => ({
  kind: row.kind,
  state: row.state,
  waitsFor: row.waitsFor,
  isOver: row.endedAt !== null,
  isPending: row.command !== null && row.commandOutcome === null,
});

function lastCommand(row: StoryRow): z.infer<typeof Story>["last_command"] {
  if (row.command === null || row.commandedAt === null) return null;
  return {
    command: row.command,
    reason: row.commandReason,
    at: row.commandedAt.toISOString(),
    outcome: row.commandOutcome,
    detail: row.commandDetail,
  };
}

/** The page of a run. Where the address names no namespace, it is the one that Temporal makes by itself. */
function pageOf({ workflowId, runId }: StoryRow, { LATCHKEY_TEMPORAL_UI_URL: url }: TemporalUi): string | null {
  if (!url) return null;
  const base = url.replace(/\/+$/, "");
  const namespace = base.includes("/namespaces/") ? "" : "/namespaces/default";
  return `${base}${namespace}/workflows/${encodeURIComponent(workflowId)}/${encodeURIComponent(runId)}/history`;
}

export const presentLifecycleRun = (row: LifecycleRunRow): z.infer<typeof LifecycleRun> => ({
  object: "lifecycle_run",
  id: row.id,
  shard: row.shard,
  state: row.state,
  looked: row.looked,
  started: row.started,
  found: row.found,
  error: row.error,
  created_at: row.createdAt.toISOString(),
  ended_at: row.endedAt?.toISOString() ?? null,
});
