import { backoffMs, pause } from "../backoff.ts";
import type { Edge, RelayEvent, ToldEvent } from "../edge/routes.ts";
import type { Failpoint } from "../failpoint.ts";
import { COMMAND_EVENTS, type Commands } from "../stories/commands.ts";
import { messageOf, type Log } from "../log.ts";
import { isRefusedStart, type StartStory } from "./start-story.ts";
import { startFor } from "./starts.ts";

export type RelayParts = {
  shard: string;
  edge: Pick<Edge, "claimEvents">;
  start: StartStory;
  commands: Commands;
  failpoint: Failpoint;
  log: Log;
  /** Told after each claim that was answered how many events it brought, for the pages on health and metrics. */
  onClaim?: (events: number) => void;
  /** How long events are held while Temporal is out of reach. */
  holdMs?: number;
};

/** How many events are leased at once, and how many starts are under way at once. */
const CLAIM_LIMIT = 200;
const STARTS_AT_ONCE = 32;
/** How long a claim waits at the edge for something to happen. */
const WAIT_MS = 20_000;
/** An edge that does not wait as asked is not asked more often than this. */
const SHORTEST_ROUND_MS = 100;
/** What is asked of a story is not waited for any longer, since other events wait behind it: it is offered again, and done by then. */
const COMMAND_MS = 3_000;
/** The edge leases events for 30 s; before that they are given up here, so that they are claimed afresh. */
const HOLD_MS = 25_000;

/**
 * Carries the events of one shard to the stories, until the signal aborts. Never throws: while the edge or Temporal is out of reach it
 * backs off and tries again. An event is marked done only after its story is known to be started, so one may be told twice, but none is lost.
 */
export async function runRelay(parts: RelayParts, signal: AbortSignal): Promise<void> {
  let done: ToldEvent[] = [];
  let failures = 0;
  let waitMs = 0; // the first answer tells us, and the edge, that the relay works: it must not wait for an event
  while (!signal.aborted) {
    const askedAt = performance.now();
    try {
      const events = await parts.edge.claimEvents({ shard: parts.shard, done, limit: CLAIM_LIMIT, waitMs, signal });
      failures = 0;
      waitMs = WAIT_MS;
      parts.onClaim?.(events.length);
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
    const { outcomes, lastError } = await startAll(parts, left, signal);
    done.push(...left.filter((_, i) => outcomes[i] === "started").map(({ tenant_id, seq }) => ({ tenant_id, seq })));
    left = left.filter((_, i) => outcomes[i] === "unreachable");
    if (left.length === 0) return done;

    const retryInMs = backoffMs(failures);
    const error = messageOf(lastError); // Temporal is out of reach: one line says it for all
    parts.log.warn("relay_cannot_start", { shard: parts.shard, count: left.length, error, retry_in_ms: retryInMs });
    if (performance.now() - leasedAt + retryInMs > (parts.holdMs ?? HOLD_MS)) return done;
    await pause(retryInMs, signal);
    if (signal.aborted) return done;
  }
}

/** `left`: it stays undone at the edge, and is offered again. */
type StartOutcome = "started" | "left" | "unreachable";

/** Carries out what was asked of stories: the edge knows what that was, and the event says that it is time to ask. */
async function command({ commands }: RelayParts, signal: AbortSignal): Promise<StartOutcome> {
  const carried = commands.carryOut(signal).then(
    () => "started" as const,
    () => "left" as const,
  );
  return Promise.race([carried, pause(COMMAND_MS, signal).then(() => "left" as const)]);
}

async function startAll(parts: RelayParts, events: readonly RelayEvent[], signal: AbortSignal) {
  const { start, log } = parts;
  const outcomes: StartOutcome[] = [];
  let lastError: unknown = new Error("the host is stopping");
  let next = 0;
  const startOne = async (event: RelayEvent): Promise<StartOutcome> => {
    if (COMMAND_EVENTS.has(event.type)) return command(parts, signal);
    const story = startFor(event);
    if (!story) return "started";
    if (signal.aborted) return "unreachable";
    try {
      await start(story);
      return "started";
    } catch (error) {
      lastError = error;
      if (!isRefusedStart(error)) return "unreachable";
      // it stays undone at the edge and is offered again: losing it silently would be worse than a line per lease
      const about = { event_id: event.id, event_type: event.type, tenant_id: event.tenant_id, workflow_id: story.workflowId };
      log.error("relay_start_refused", { ...about, error: messageOf(error) });
      return "left";
    }
  };
  const starter = async (): Promise<void> => {
    for (let i = next++; i < events.length; i = next++) {
      const event = events[i];
      if (event) outcomes[i] = await startOne(event);
    }
  };
  await Promise.all(Array.from({ length: Math.min(STARTS_AT_ONCE, events.length) }, starter));
  return { outcomes, lastError };
}
