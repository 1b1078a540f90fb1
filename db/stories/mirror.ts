import type { StoryCommand, StoryState } from "#rules/stories/states";
import { PLATFORM } from "../tenant-id.ts";

/** A story as the worker host saw it just now. */
export type SeenStory = {
  /** What it gets where it is seen for the first time. */
  id: string;
  tenantId: string;
  workflowId: string;
  runId: string;
  kind: string;
  subjectId: string;
  state: StoryState;
  outcome: string | null;
  summary: string;
  details: string;
  waitsFor: string | null;
  waitsUntil: Date | null;
  attempt: number;
  errorCode: string | null;
  error: string | null;
  since: Date;
  startedAt: Date;
  endedAt: Date | null;
};

/** What the edge still takes for open. */
export type OpenStory = { tenantId: string; id: string; workflowId: string; runId: string };

/** What somebody asked of a story, and nobody has done or refused yet. */
export type PendingCommand = OpenStory & { kind: string; command: StoryCommand; commandedAt: Date };

/** So many stories go into one statement: a value that is bound has at most 2 MB. */
const AT_ONCE = 50;

/**
 * Columns of what is seen, out of JSON. A story of a tenant that this database does not have is left out. What is known of a run is not undone by
 * news that come late: neither by those of a run before it, nor by those from before its end.
 */
const STORE = `
  insert into stories (tenant_id, id, workflow_id, run_id, kind, subject_id, shard, state, outcome, summary, details, waits_for, waits_until,
    attempt, error_code, error, since, started_at, ended_at, seen_at)
  select s.value ->> 'tenantId', s.value ->> 'id', s.value ->> 'workflowId', s.value ->> 'runId', s.value ->> 'kind', s.value ->> 'subjectId', ?2,
    s.value ->> 'state', s.value ->> 'outcome', s.value ->> 'summary', s.value ->> 'details', s.value ->> 'waitsFor', s.value ->> 'waitsUntil',
    s.value ->> 'attempt', s.value ->> 'errorCode', s.value ->> 'error', s.value ->> 'since', s.value ->> 'startedAt', s.value ->> 'endedAt', ?3
  from json_each(?1) s
  where s.value ->> 'tenantId' = ?4 or exists (select 1 from tenants t where t.id = s.value ->> 'tenantId')
  on conflict (workflow_id, tenant_id) do update set
    run_id = excluded.run_id, kind = excluded.kind, subject_id = excluded.subject_id, shard = excluded.shard, state = excluded.state,
    outcome = excluded.outcome, summary = excluded.summary, details = excluded.details, waits_for = excluded.waits_for,
    waits_until = excluded.waits_until, attempt = excluded.attempt, error_code = excluded.error_code, error = excluded.error,
    since = case when stories.state = excluded.state then stories.since else excluded.since end,
    started_at = excluded.started_at, ended_at = excluded.ended_at, seen_at = excluded.seen_at
  where case when excluded.run_id = stories.run_id then stories.ended_at is null or excluded.ended_at is not null
    when excluded.started_at = stories.started_at then stories.ended_at is not null or excluded.ended_at is null
    else excluded.started_at > stories.started_at end`;

/** Stores what the host of a shard saw; how many were new or newer than what was known. */
export async function storeSeen(
  d1: D1Database,
  { shard, realNow }: { shard: string; realNow: Date },
  seen: readonly SeenStory[],
): Promise<number> {
  const parts = Array.from({ length: Math.ceil(seen.length / AT_ONCE) }, (_, i) => seen.slice(i * AT_ONCE, (i + 1) * AT_ONCE));
  if (parts.length === 0) return 0;
  const results = await d1.batch(
    parts.map((part) => d1.prepare(STORE).bind(JSON.stringify(part.map(columnsOf)), shard, realNow.getTime(), PLATFORM)),
  );
  return results.reduce((sum, { meta }) => sum + meta.changes, 0);
}

const columnsOf = (seen: SeenStory) => ({
  ...seen,
  waitsUntil: seen.waitsUntil?.getTime() ?? null,
  since: seen.since.getTime(),
  startedAt: seen.startedAt.getTime(),
  endedAt: seen.endedAt?.getTime() ?? null,
});

/** The next stories that are not known to be over, behind `after` in the order of their ids. */
export async function listOpen(d1: D1Database, shard: string, after: string | null, limit: number): Promise<OpenStory[]> {
  const { results } = await d1
    .prepare(
      `select tenant_id, id, workflow_id, run_id from stories indexed by stories_open
       where ended_at is null and id > ?1 and shard = ?2 order by id limit ?3`,
    )
    .bind(after ?? "", shard, limit)
    .all<OpenColumns>();
  return results.map(openOf);
}

/** What was asked of stories of a shard and waits for its host, the oldest first. */
export async function listCommands(d1: D1Database, shard: string, limit: number): Promise<PendingCommand[]> {
  const { results } = await d1
    .prepare(
      `select tenant_id, id, workflow_id, run_id, kind, command, commanded_at from stories indexed by stories_commanded
       where shard = ?1 and command is not null and command_outcome is null order by commanded_at, id limit ?2`,
    )
    .bind(shard, limit)
    .all<OpenColumns & { kind: string; command: StoryCommand; commanded_at: number }>();
  return results.map((row) => ({
    ...openOf(row),
    kind: row.kind,
    command: row.command,
    commandedAt: new Date(row.commanded_at),
  }));
}

type OpenColumns = { tenant_id: string; id: string; workflow_id: string; run_id: string };

const openOf = (row: OpenColumns): OpenStory => ({
  tenantId: row.tenant_id,
  id: row.id,
  workflowId: row.workflow_id,
  runId: row.run_id,
});
