import { WorkflowNotFoundError, type Client } from "@temporalio/client";
import type { NativeConnection } from "@temporalio/worker";
import type { FoundStory, FoundStoryState } from "#rules/stories/lifecycle";
import { backoffMs, pause } from "../backoff.ts";
import type { Edge, RelayEvent } from "../edge/routes.ts";
import { messageOf, type Log } from "../log.ts";
import { isRefusedStart, storyStarter, type StartStory } from "../relay/start-story.ts";
import { startFor } from "../relay/starts.ts";

/** Stories, as a sweep looks at them. */
export type SweptStories = {
  /** What has become of a story: it is at work, or is over; one that ended after `askedAt` may have done its work since, and counts as at work. */
  fate: (workflowId: string, askedAt: Date) => Promise<"at_work" | FoundStoryState>;
  /** Starts it, also under the id of one that is over. One that is at work stays as it is. */
  start: StartStory;
};

export type SweepParts = {
  shard: string;
  edge: Pick<Edge, "claimLifecycleRun" | "listDueWork" | "tellLifecycleRun">;
  stories: SweptStories;
  /** Told of each story that was started. */
  onFound: (kind: string) => void;
  log: Log;
  /** How often the edge is asked whether a sweep is to be made. */
  askEveryMs?: number;
};

const ASK_EVERY_MS = 10_000;
const AT_ONCE = 16;
const PAGE = 100;
const DESCRIBE_MS = 5_000;
/** So far may our clock and Temporal's be apart. */
const SKEW_MS = 2_000;

/** Temporal's names of ends, in our words. */
const FATES: Readonly<Record<string, FoundStoryState>> = {
  COMPLETED: "completed",
  FAILED: "failed",
  CANCELLED: "canceled",
  TERMINATED: "terminated",
  TIMED_OUT: "timed_out",
};

/** The stories as Temporal knows them. */
export function sweptStories(
  { client, connection, taskQueue }: { client: Client; connection: NativeConnection; taskQueue: string },
  skewMs = SKEW_MS,
): SweptStories {
  return {
    start: storyStarter(client, connection, taskQueue, "ALLOW_DUPLICATE"),
    fate: async (workflowId, askedAt) => {
      try {
        const deadline = Date.now() + DESCRIBE_MS;
        const described = await connection.withDeadline(deadline, () => client.workflow.getHandle(workflowId).describe());
        const fate = FATES[described.status.name];
        if (fate === undefined) return "at_work";
        return (described.closeTime?.getTime() ?? 0) + skewMs > askedAt.getTime() ? "at_work" : fate;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return "missing";
        throw error;
      }
    },
  };
}

/**
 * Makes the sweeps of one shard, until the signal aborts: those that operators ask for, and one every hour. Never throws. What interrupts a sweep
 * (the edge or Temporal is away, the host dies) leaves it to whoever claims it when its lease is over, from its beginning: what was started by then is
 * at work, and is left alone.
 */
export async function runSweeps(parts: SweepParts, signal: AbortSignal): Promise<void> {
  const { shard, edge, log, askEveryMs = ASK_EVERY_MS } = parts;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const run = await edge.claimLifecycleRun(shard, signal);
      if (run) await sweep(parts, run, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures++;
      log.warn("sweep_interrupted", { shard, error: messageOf(error) });
    }
    await pause(Math.max(askEveryMs, failures === 0 ? 0 : backoffMs(failures, 60_000)), signal);
  }
}

/** One sweep, page by page; given up where another host has it. */
async function sweep(parts: SweepParts, run: { id: string; lease: number }, signal: AbortSignal): Promise<void> {
  const { shard, edge, log } = parts;
  let [looked, lease, started] = [0, run.lease, 0];
  for (let after: Awaited<ReturnType<Edge["listDueWork"]>>["next"] = null; ;) {
    const askedAt = new Date();
    const { starts, next } = await edge.listDueWork({ shard, after, limit: PAGE }, signal);
    const found = await startMissing(parts, starts, askedAt);
    looked += starts.length;
    started += found.length;
    const state = next ? "running" : "done";
    const kept = await edge.tellLifecycleRun({ shard, run_id: run.id, lease, state, looked, found, error: null }, signal);
    if (kept === null) break;
    [after, lease] = [next, kept];
  }
  if (started > 0) log.warn("sweep_found", { shard, count: started });
}

/** Starts those of the stories that are missing or over; answers which. */
async function startMissing(
  { stories, onFound, log }: SweepParts,
  starts: readonly RelayEvent[],
  askedAt: Date,
): Promise<FoundStory[]> {
  const found: FoundStory[] = [];
  let next = 0;
  const look = async (): Promise<void> => {
    for (let i = next++; i < starts.length; i = next++) {
      const event = starts[i];
      const story = event && startFor(event);
      if (!story) continue;
      const { workflowId: workflow_id, kind } = story;
      const was = await stories.fate(workflow_id, askedAt);
      if (was === "at_work") continue;
      try {
        await stories.start(story);
      } catch (error) {
        if (!isRefusedStart(error)) throw error;
        log.error("sweep_start_refused", { workflow_id, tenant_id: story.tenantId, error: messageOf(error) });
        continue;
      }
      log.warn("story_was_missing", { workflow_id, tenant_id: story.tenantId, detail: was });
      onFound(kind);
      found.push({ workflow_id, kind, was });
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, starts.length) }, look));
  return found;
}
