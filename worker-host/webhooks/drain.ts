import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs, pause } from "../backoff.ts";
import { isRefusedContent } from "../edge/errors.ts";
import type { Delivery, DeliveryResult, Edge } from "../edge/routes.ts";
import type { Failpoint } from "../failpoint.ts";
import { messageOf, type Log } from "../log.ts";
import type { Send } from "../outbound/send.ts";

export type DrainParts = {
  edge: Pick<Edge, "claimDeliveries" | "probeEndpoint" | "giveUpEndpoint">;
  send: Send;
  failpoint: Failpoint;
  log: Log;
  /** Is given what a round leaves under way when it ends, to be waited for by a host that stops; without it the round waits. Never rejects. */
  behind?: (work: Promise<void>) => void;
  /** How long one round goes on claiming. */
  roundMs?: number;
};

const ROUND_MS = 60_000;
/** The most deliveries under way at once. */
const IN_FLIGHT = 400;
/** The most that are claimed or recorded at once. */
const AT_ONCE = 200;
/** A claim that brought this many leaves more behind: the next follows while these are sent. */
const FULL = 50;
/** Below this much room it is better to wait for answers than to claim a few. */
const WORTH_CLAIMING = 20;
/** The longest wait at the edge with nothing under way, and with something whose result will want recording. */
const IDLE_WAIT_MS = 20_000;
const BUSY_WAIT_MS = 500;
/** How long quick answers are gathered before the next claim records them. What comes meanwhile waits as long, where slow endpoints are under way. */
const GATHER_MS = 50;
/** How long a host that is told to stop waits for what it has sent. */
const FAREWELL_MS = 4_000;

export type Round = {
  shard: string;
  /** What is sent and not yet recorded; each claim records it. */
  results: DeliveryResult[];
  /** The round before this one was cut off: what it had claimed is not waited for. */
  takesOver: boolean;
  stop: AbortSignal;
};

/**
 * Sends the due deliveries of a shard for one round. An endpoint that hangs holds up only itself: claiming goes on while its requests
 * are under way, and so does the next round.
 */
export async function drain(parts: DrainParts, { shard, results, takesOver, stop }: Round) {
  // since when leases count, by the edge's clock, once it has said
  let since: string | null = takesOver ? "now" : null;
  const inFlight = new Set<Promise<void>>();
  const told = { sent: 0, accepted: 0 };
  const until = performance.now() + (parts.roundMs ?? ROUND_MS);
  let failures = 0;

  while (!stop.aborted && performance.now() < until) {
    const room = IN_FLIGHT - inFlight.size;
    if (room < WORTH_CLAIMING) {
      await gather(inFlight);
      continue;
    }
    const leftMs = Math.max(0, Math.round(until - performance.now()));
    const waitMs = since === "now" ? 0 : Math.min(leftMs, waitWith(inFlight.size));
    const askedAt = performance.now();
    const answer = await claim(parts, shard, results, { limit: Math.min(room, AT_ONCE), waitMs, takesOver: since, signal: stop });
    failures = answer ? 0 : failures + 1;
    if (!answer) {
      await pause(backoffMs(failures), stop);
      continue;
    }
    if (since === "now") since = answer.claimed_at;
    const claimed = answer.deliveries;
    for (const delivery of claimed) {
      const sending = delivery.in_order
        ? sendInOrder(parts, shard, delivery, { results, told, stop, until })
        : sendOne(parts, delivery, results, told, stop);
      track(inFlight, sending);
    }
    if (claimed.length >= FULL) continue;
    if (inFlight.size > 0) await gather(inFlight);
    // an edge that does not wait as asked is not asked without a pause
    else await pause(Math.min(waitMs, 100) - (performance.now() - askedAt), stop);
  }

  const rest = farewell(parts, shard, inFlight, results, stop);
  if (stop.aborted || !parts.behind) await rest;
  else parts.behind(rest);
  return told;
}

/** How long a claim may wait for something due: not at all where many are under way, whose results make room for the next. */
function waitWith(inFlight: number): number {
  if (inFlight >= FULL) return 0;
  return inFlight > 0 ? BUSY_WAIT_MS : IDLE_WAIT_MS;
}

type Claim = { limit: number; waitMs: number; takesOver?: string | null; signal?: AbortSignal };

/** Records what is finished and leases what is due. Undefined when the edge could not be asked: the results stay for the next claim. */
async function claim({ edge, log }: DrainParts, shard: string, results: DeliveryResult[], how: Claim) {
  const recording = results.slice(0, AT_ONCE);
  try {
    const claimed = await edge.claimDeliveries({ shard, results: recording, ...how });
    results.splice(0, recording.length);
    return claimed;
  } catch (error) {
    if (how.signal?.aborted === true) return undefined;
    log.warn("deliveries_not_claimed", { shard, count: recording.length, error: messageOf(error) });
    if (recording.length > 0 && isRefusedContent(error)) {
      // Kept, they would stop every other delivery. Unrecorded, their leases end and they are sent again: late and twice, but not lost.
      log.error("delivery_results_refused", { shard, count: recording.length, code: error.code });
      results.splice(0, recording.length);
    }
    return undefined;
  }
}

async function sendOne(
  parts: DrainParts,
  delivery: Delivery,
  results: DeliveryResult[],
  told: { sent: number; accepted: number },
  stop: AbortSignal,
): Promise<void> {
  const { tenant_id, delivery_id, attempt } = delivery;
  const farewell = stopAfter(stop, FAREWELL_MS);
  try {
    const outcome = await parts.send(delivery, farewell.signal);
    parts.failpoint("delivery.sent");
    results.push({ tenant_id, delivery_id, attempt, outcome });
    told.sent++;
    if (outcome.kind === "answered" && outcome.status >= 200 && outcome.status < 300) told.accepted++;
  } catch (error) {
    // given up because the host stops, or a fault of ours: the lease ends and the delivery is sent again
    if (!farewell.signal.aborted)
      parts.log.error("delivery_not_sent", { delivery_id, tenant_id, attempt, error: messageOf(error) });
  } finally {
    farewell.dispose();
  }
}

type Lane = { results: DeliveryResult[]; told: { sent: number; accepted: number }; stop: AbortSignal; until: number };

/**
 * Sends what an endpoint wants in order, one after the other: each is recorded before the next is asked for, so that whatever dies, none
 * overtakes another. Comes to its end with the round, or where nothing more is due.
 */
async function sendInOrder(
  parts: DrainParts,
  shard: string,
  first: Delivery,
  { results, told, stop, until }: Lane,
): Promise<void> {
  const inOrder = { tenantId: first.tenant_id, endpointId: first.endpoint_id };
  for (let next: Delivery | undefined = first; next;) {
    const sent: DeliveryResult[] = [];
    await sendOne(parts, next, sent, told, stop);
    if (sent.length === 0) return;
    if (stop.aborted || performance.now() >= until) return void results.push(...sent);
    try {
      const { deliveries } = await parts.edge.claimDeliveries({
        shard,
        results: sent,
        limit: 1,
        waitMs: 0,
        inOrder,
        signal: stop,
      });
      [next] = deliveries;
    } catch {
      // the next claim of the round tells of it, and of why the edge was not reached
      return void results.push(...sent);
    }
  }
}

/** A signal that aborts some time after another one. */
function stopAfter(stop: AbortSignal, ms: number) {
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer = setTimeout(() => late.abort(new Error("the host is stopping")), ms);
  };
  if (stop.aborted) begin();
  else stop.addEventListener("abort", begin, { once: true });
  return {
    signal: late.signal,
    dispose: () => {
      clearTimeout(timer);
      stop.removeEventListener("abort", begin);
    },
  };
}

function track(set: Set<Promise<void>>, work: Promise<void>): void {
  const tracked = work.finally(() => set.delete(tracked));
  set.add(tracked);
}

async function gather(inFlight: Set<Promise<void>>): Promise<void> {
  const enough = new AbortController();
  await Promise.race([Promise.all(inFlight), sleep(GATHER_MS, undefined, { signal: enough.signal }).catch(() => undefined)]);
  enough.abort();
}

/** The end of a round: records what is finished, waits for what is under way, and records that without taking on more. Never rejects. */
async function farewell(
  parts: DrainParts,
  shard: string,
  inFlight: Set<Promise<void>>,
  results: DeliveryResult[],
  stop: AbortSignal,
) {
  if (results.length > 0 && inFlight.size > 0) await claim(parts, shard, results, { limit: 0, waitMs: 0 });
  await Promise.all(inFlight);
  for (let tries = 1; results.length > 0; tries++) {
    const claimed = await claim(parts, shard, results, { limit: 0, waitMs: 0 });
    if (claimed) continue;
    // after a few tries the next round's edge may be better; on stopping there is no time for more than one
    if (stop.aborted || tries >= 5) break;
    await pause(backoffMs(tries), stop);
  }
  if (results.length > 0) parts.log.warn("delivery_results_unrecorded", { shard, count: results.length });
}
