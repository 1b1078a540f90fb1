import type { Client } from "@temporalio/client";
import type { NativeConnection } from "@temporalio/worker";
import { storySeen } from "#rules/stories/seen";
import { backoffMs, isSaid, pause } from "../backoff.ts";
import { isFinal } from "../edge/errors.ts";
import type { Edge, SeenStory } from "../edge/routes.ts";
import { messageOf, type Log } from "../log.ts";
import type { Commands } from "./commands.ts";
import { observer, subjectOf, type Observe, type Observed } from "./observed.ts";
import { WatchList, type Watched } from "./watch-list.ts";

export type MirrorParts = {
  shard: string;
  edge: Pick<Edge, "mirrorStories" | "listOpenStories">;
  client: Client;
  connection: NativeConnection;
  commands: Commands;
  log: Log;
  /** How often it looks. */
  everyMs?: number;
};

const EVERY_MS = 5_000;
/** So many stories are looked at in a round, which costs a few milliseconds each, and so many at once. */
const LOOKS = 60;
const AT_ONCE = 6;
/** With so many stories that run, listing all of them takes its time: it is done less often, and those that are new are listed in between. */
const MANY = 500;
const LIST_MANY_EVERY_MS = 30_000;
/** With so many that have ended and were not looked at, those that ended well are told as the list tells of them. */
const RUSH = 120;
/** What was ended so long before the host began is not told, unless the edge takes it for open. */
const FIRST_LOOK_BACK_MS = 600_000;
/** Lists come a little behind what happens. */
const OVERLAP_MS = 10_000;
const LIST_MS = 20_000;
const PAGE = 1_000;
/** What was asked of a pump stands in no tenant's log, so that nobody tells the host of it. */
const COMMANDS_EVERY_MS = 30_000;
/** The edge takes so many at once, and so much of a text. */
const TELL_AT_ONCE = 200;
const LONGEST_TEXT = 2_000;

/**
 * Tells the edge how the stories of a shard stand, until the signal aborts. Each round looks at a bounded number of them: at those that are new, have ended,
 * were not well, or are at work; one that waits is looked at when its wait ends. While the edge or Temporal is away it backs off. Never throws.
 */
export async function keepMirror(parts: MirrorParts, watched: WatchList, signal: AbortSignal): Promise<void> {
  const mirror = mirrorOf(parts, watched);
  let failures = 0;
  while (!signal.aborted) {
    try {
      await mirror.round(signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures++;
      const about = { shard: parts.shard, error: messageOf(error), retry_in_ms: backoffMs(failures) };
      if (isSaid(failures)) parts.log.warn("stories_not_mirrored", about);
    }
    await pause(failures === 0 ? (parts.everyMs ?? EVERY_MS) : backoffMs(failures), signal);
  }
}

function mirrorOf(parts: MirrorParts, watched: WatchList) {
  const { shard, edge, client, connection, commands, log } = parts;
  const observe = observer(client, connection);
  const began = Date.now();
  const last = { listed: 0, closed: began - FIRST_LOOK_BACK_MS, commands: 0, isOpenKnown: false };
  const untold: News[] = [];

  return {
    async round(signal: AbortSignal): Promise<void> {
      // while the edge is away nothing is looked at anew: what was seen last is told first
      await tell({ edge, shard, log }, untold, watched);
      if (!last.isOpenKnown) await takeOpen(edge, shard, watched);
      last.isOpenKnown = true;
      const now = Date.now();
      const isWhole = watched.size < MANY || now - last.listed > LIST_MANY_EVERY_MS;
      const since = isWhole ? "" : ` and StartTime > '${new Date(last.closed - OVERLAP_MS).toISOString()}'`;
      await takeRunning({ client, connection }, `${ofShard(shard)} and ExecutionStatus = 'Running'${since}`, watched, isWhole);
      if (isWhole) last.listed = now;
      const rush = await takeClosed({ client, connection }, shard, last.closed - OVERLAP_MS, watched);
      last.closed = now;

      const fromList = rush.length > RUSH ? rush.filter(({ observed }) => observed.description.status === "over") : [];
      const due = watched.due(LOOKS, now, new Set(fromList.map((seen) => seen.watched)));
      untold.push(...newsOf([...fromList, ...(await look(observe, due, signal))], watched));
      await tell({ edge, shard, log }, untold, watched);
      if (now - last.commands > COMMANDS_EVERY_MS) {
        await commands.carryOut(signal);
        last.commands = now;
      }
    },
  };
}

/** The stories of a shard's tenants, and its pumps. */
const ofShard = (shard: string) => `(TenantId STARTS_WITH 'ten_${shard}' or (TenantId = 'platform' and SubjectId = '${shard}'))`;

/** What the edge takes for open may have ended while the host was away. */
async function takeOpen(edge: MirrorParts["edge"], shard: string, watched: WatchList): Promise<void> {
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof edge.listOpenStories>> = await edge.listOpenStories(shard, after);
    for (const { tenant_id, workflow_id, run_id } of page.stories)
      watched.add({ tenantId: tenant_id, workflowId: workflow_id, runId: run_id });
    after = page.next;
  } while (after !== null);
}

type Temporal = Pick<MirrorParts, "client" | "connection">;
type Seen = { watched: Watched; observed: Observed };

async function takeRunning({ client, connection }: Temporal, query: string, watched: WatchList, isWhole: boolean) {
  const listedAt = Date.now();
  const running = new Set<string>();
  await connection.withDeadline(Date.now() + LIST_MS, async () => {
    for await (const found of client.workflow.list({ query, pageSize: PAGE })) {
      running.add(found.workflowId);
      watched.add(subjectOf(found));
    }
  });
  if (isWhole) watched.onlyRunning(running, listedAt - OVERLAP_MS);
}

/** Those that ended since; each as the list tells of it. */
async function takeClosed({ client, connection }: Temporal, shard: string, sinceMs: number, watched: WatchList): Promise<Seen[]> {
  // a run that was followed by another one is no end
  const since = new Date(sinceMs).toISOString();
  const query = `${ofShard(shard)} and ExecutionStatus != 'Running' and ExecutionStatus != 'ContinuedAsNew' and CloseTime > '${since}'`;
  const seen: Seen[] = [];
  await connection.withDeadline(Date.now() + LIST_MS, async () => {
    for await (const found of client.workflow.list({ query, pageSize: PAGE })) {
      const subject = subjectOf(found);
      const entry = watched.ended(subject);
      if (entry) seen.push({ watched: entry, observed: { ...subject, ...asListed(found.status.name, subject.word) } });
    }
  });
  return seen;
}

const asListed = (status: string, word: string) => ({
  summary: "",
  told: { state: word, details: "" },
  description: {
    status: status === "COMPLETED" || status === "CANCELLED" ? ("over" as const) : ("failed" as const),
    rests: null,
    trials: [],
    task: null,
    failure: null,
  },
});

async function look(observe: Observe, due: readonly Watched[], signal: AbortSignal): Promise<Seen[]> {
  const seen: Seen[] = [];
  let next = 0;
  const looker = async (): Promise<void> => {
    for (let i = next++; i < due.length && !signal.aborted; i = next++) {
      const watched = due[i] as Watched;
      seen.push({ watched, observed: (await observe(watched.workflowId)) ?? forgotten(watched) });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, looker));
  return seen;
}

/** Temporal keeps what has ended for some time only. */
function forgotten({ tenantId, workflowId, runId }: Watched): Observed {
  const [kind = "unknown", subjectId = ""] = workflowId.split("/");
  const now = new Date();
  const ended = {
    word: "forgotten",
    summary: `${workflowId}, of which Temporal knows nothing any more`,
    startedAt: now,
    endedAt: now,
  };
  const description: Observed["description"] = { status: "over", rests: null, trials: [], task: null, failure: null };
  return { tenantId, workflowId, runId, kind, subjectId, ...ended, told: null, description };
}

type Teller = Pick<MirrorParts, "shard" | "log"> & { edge: Pick<Edge, "mirrorStories"> };

type News = { watched: Watched; story: SeenStory };

function newsOf(seen: readonly Seen[], list: WatchList): News[] {
  const now = new Date();
  return seen.flatMap(({ watched, observed }) => {
    const story = seenStory(watched, observed, now);
    return list.noted(watched, observed, story, now) ? [{ watched, story }] : [];
  });
}

/** Tells what is news, and takes it out of the list. What the edge refuses is told story by story, so that one does not silence the others. */
async function tell(teller: Teller, untold: News[], list: WatchList): Promise<void> {
  while (untold.length > 0) {
    const part = untold.slice(0, TELL_AT_ONCE);
    await tellAll(
      teller,
      part.map(({ story }) => story),
    );
    untold.splice(0, part.length);
    for (const { watched, story } of part) list.told(watched, story);
  }
}

async function tellAll(teller: Teller, stories: readonly SeenStory[]): Promise<void> {
  try {
    await teller.edge.mirrorStories(teller.shard, stories);
  } catch (error) {
    if (!isFinal(error)) throw error;
    if (stories.length > 1) {
      for (const story of stories) await tellAll(teller, [story]);
      return;
    }
    const about = { shard: teller.shard, workflow_id: stories[0]?.workflow_id ?? null };
    teller.log.error("story_not_mirrored", { ...about, code: error.code, error: messageOf(error) });
  }
}

function seenStory(watched: Watched, observed: Observed, now: Date): SeenStory {
  const description = watched.failingSince
    ? { ...observed.description, ...since(observed.description, watched.failingSince) }
    : observed.description;
  const seen = storySeen(description, now);
  const isOver = seen.state === "ended" || seen.state === "failed";
  const told = observed.told ?? watched.words;
  return {
    tenant_id: observed.tenantId,
    workflow_id: observed.workflowId,
    run_id: observed.runId,
    kind: observed.kind,
    subject_id: observed.subjectId,
    state: seen.state,
    outcome: isOver ? told?.state || observed.word : null,
    summary: plain(observed.summary || watched.summary || `${observed.kind} ${observed.subjectId}`),
    details: plain(told?.details || (isOver ? `It has ended: ${observed.word}` : "It has not said what it does")),
    waits_for: seen.waitsFor,
    waits_until: seen.waitsUntil?.toISOString() ?? null,
    attempt: seen.attempt,
    error_code: seen.errorCode,
    error: seen.error === null ? null : plain(seen.error),
    since: (watched.state === seen.state ? watched.since : (observed.endedAt ?? now)).toISOString(),
    started_at: observed.startedAt.toISOString(),
    ended_at: isOver ? (observed.endedAt ?? now).toISOString() : null,
  };
}

/** The engine says since when an attempt is due, and the mirror remembers since when attempts fail. */
function since({ trials }: Observed["description"], failingSince: Date) {
  const asRemembered = (trial: (typeof trials)[number]) =>
    trial.attempt > 1 && failingSince < trial.since ? { ...trial, since: failingSince } : trial;
  return { trials: trials.map(asRemembered) };
}

/** A text that any JSON and any database takes, and that does not fill them. */
function plain(text: string): string {
  return text.slice(0, LONGEST_TEXT).replaceAll("\u0000", "").toWellFormed();
}
