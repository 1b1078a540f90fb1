import { backoffMs, pause } from "../backoff.ts";
import type { Edge, RelayEvent, ToldEvent } from "../edge/routes.ts";
import type { Failpoint } from "../failpoint.ts";
import { messageOf, type Log } from "../log.ts";
import { isRefusedStart, type StartStory } from "./start-story.ts";
import { startFor } from "./starts.ts";

export type RelayParts = {
  shard: string;
  edge: Pick<Edge, "claimEvents">;
  start: StartStory;
  failpoint: Failpoint;
  log: Log;
  /** Told after each claim that was answered, for the health page. */
  onClaim?: () => void;
};

/** How many events are leased at once, and how many starts are under way at once. */
const CLAIM_LIMIT = 200;
const STARTS_AT_ONCE = 32;
/** How long a claim waits at the edge for something to happen. */
const WAIT_MS = 20_000;
/** An edge that does not wait as asked is not asked more often than this. */
const SHORTEST_ROUND_MS = 100;
/** The edge leases events for 30 s; before that they are given up here, so that they are claimed afresh. */
const HOLD_MS = 25_000;

/**
 * Carries the events of one shard to the stories, until the signal aborts. Never throws: while the edge or Temporal is out of reach it
 * backs off and tries again. An event is marked done only after its story is known to be started, so one may be told twice, but none is lost.
 */
export async function runRelay(parts: RelayParts, signal: AbortSignal): Promise<void> {
  let done: ToldEvent[] = [];
  let failures = 0;
  while (!signal.aborted) {
    const askedAt = performance.now();
    try {
      const events = await parts.edge.claimEvents({ shard: parts.shard, done, limit: CLAIM_LIMIT, waitMs: WAIT_MS, signal });
      failures = 0;
      parts.onClaim?.();
      if (events.length > 0) parts.failpoint("relay.claimed");
      done = await tell(parts, events, signal);
      if (events.length > 0) parts.failpoint("relay.started");
      else await pause(SHORTEST_ROUND_MS - (performance.now() - askedAt), signal);
    } catch (error) {
      if (signal.aborted) return;
      failures++;
      const retryInMs = backoffMs(failures);
      parts.log.warn("relay_cannot_claim", { shard: parts.shard, error: messageOf(error), retry_in_ms: retryInMs });
      await pause(retryInMs, signal);
    }
  }
}

/** Starts what the events call for, holding on to those whose start failed while their lease lasts. Answers which are done. */
async function tell(parts: RelayParts, events: readonly RelayEvent[], signal: AbortSignal): Promise<ToldEvent[]> {
  const leasedAt = performance.now();
  const done: ToldEvent[] = [];
  let left = events;
  for (let failures = 1; ; failures++) {
    const outcomes = await startAll(parts, left, signal);
    done.push(...left.filter((_, i) => outcomes[i] === "started").map(({ tenant_id, seq }) => ({ tenant_id, seq })));
    left = left.filter((_, i) => outcomes[i] === "unreachable");
    if (left.length === 0) return done;

    const retryInMs = backoffMs(failures);
    parts.log.warn("relay_cannot_start", { shard: parts.shard, count: left.length, retry_in_ms: retryInMs });
    if (performance.now() - leasedAt + retryInMs > HOLD_MS) return done;
    await pause(retryInMs, signal);
    if (signal.aborted) return done;
  }
}

type StartOutcome = "started" | "refused" | "unreachable";

async function startAll(parts: RelayParts, events: readonly RelayEvent[], signal: AbortSignal): Promise<StartOutcome[]> {
  const outcomes: StartOutcome[] = [];
  let next = 0;
  const starter = async (): Promise<void> => {
    for (let i = next++; i < events.length; i = next++) {
      const event = events[i];
      if (event) outcomes[i] = signal.aborted ? "unreachable" : await startOne(parts, event);
    }
  };
  await Promise.all(Array.from({ length: Math.min(STARTS_AT_ONCE, events.length) }, starter));
  return outcomes;
}

async function startOne({ start, log }: RelayParts, event: RelayEvent): Promise<StartOutcome> {
  const story = startFor(event);
  if (!story) return "started";
  try {
    await start(story);
    return "started";
  } catch (error) {
    const refused = isRefusedStart(error);
    const about = { event_id: event.id, event_type: event.type, tenant_id: event.tenant_id, workflow_id: story.workflowId };
    // a refused one stays undone at the edge and is offered again: losing it silently would be worse than a line per lease
    if (refused) log.error("relay_start_refused", { ...about, error: messageOf(error) });
    else log.warn("relay_start_failed", { ...about, error: messageOf(error) });
    return refused ? "refused" : "unreachable";
  }
}
