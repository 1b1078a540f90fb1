import { backoffMs, pause } from "../backoff.ts";
import { isRefusedContent } from "../edge/errors.ts";
import type { Edge, Mail, MailResult, TransportState } from "../edge/routes.ts";
import type { Failpoint } from "../failpoint.ts";
import { messageOf, type Log } from "../log.ts";
import type { Postman } from "./postman.ts";

export type DrainMailParts = {
  edge: Pick<Edge, "claimNotices">;
  postman: Postman;
  failpoint: Failpoint;
  log: Log;
  /** How long one round goes on claiming. */
  roundMs?: number;
};

const ROUND_MS = 60_000;
/** How many mails are claimed, and sent side by side. */
const AT_ONCE = 25;
const IDLE_WAIT_MS = 20_000;
/** How often a server that was not there is asked again, at the longest. */
const LOOK_AGAIN_MS = 15_000;
/** How long a host that is told to stop waits for what it is sending. */
const FAREWELL_MS = 4_000;

/**
 * Sends the due mails of a shard for one round. While no server is there to send by, nothing is claimed: a mail loses no attempt by that.
 * A round ends early when the server goes or comes back, so that the story can say so. `results` holds what is sent and not yet recorded; each claim records it.
 */
export async function drainMail(parts: DrainMailParts, shard: string, results: MailResult[], stop: AbortSignal) {
  const told = { sent: 0, accepted: 0, waiting_for: null as string | null };
  const until = performance.now() + (parts.roundMs ?? ROUND_MS);
  let failures = 0;
  let problems = 0;
  let wasAway: boolean | undefined;

  while (!stop.aborted && performance.now() < until) {
    const state = await parts.postman.state();
    told.waiting_for = state.problem;
    if (wasAway !== undefined && wasAway !== (state.problem !== null)) break;
    wasAway = state.problem !== null;
    const leftMs = Math.max(0, Math.round(until - performance.now()));
    const waitMs = state.problem === null ? Math.min(leftMs, IDLE_WAIT_MS) : 0;
    const askedAt = performance.now();
    const mails = await claim(parts, shard, results, {
      state,
      limit: state.problem === null ? AT_ONCE : 0,
      waitMs,
      signal: stop,
    });
    failures = mails ? 0 : failures + 1;
    problems = state.problem === null ? 0 : problems + 1;
    if (!mails) await pause(backoffMs(failures), stop);
    else if (problems > 0) await pause(Math.min(backoffMs(problems), LOOK_AGAIN_MS, leftMs), stop);
    else if (mails.length > 0) await sendAll(parts, mails, results, told, stop);
    // an edge that does not wait as asked is not asked without a pause
    else await pause(Math.min(waitMs, 100) - (performance.now() - askedAt), stop);
  }

  await farewell(parts, shard, results, stop);
  return told;
}

/** Sends side by side; a host that is told to stop leaves what takes too long to its lease. */
async function sendAll(
  { postman, failpoint }: DrainMailParts,
  mails: readonly Mail[],
  results: MailResult[],
  told: { sent: number; accepted: number },
  stop: AbortSignal,
): Promise<void> {
  const sending = mails.map(async (mail) => {
    const result = await postman.send(mail);
    failpoint("mail.sent");
    results.push(result);
    told.sent++;
    if (result.outcome.kind === "accepted") told.accepted++;
  });
  const over = new AbortController();
  const stopped = async (): Promise<void> => {
    await aborted(stop, over.signal);
    await pause(FAREWELL_MS, over.signal);
  };
  await Promise.race([Promise.all(sending), stopped()]);
  over.abort();
}

/** Waits until the first signal aborts, or the second, which says that nobody waits any more. */
function aborted(stop: AbortSignal, over: AbortSignal): Promise<void> {
  const either = AbortSignal.any([stop, over]);
  return new Promise((resolve) => {
    if (either.aborted) resolve();
    else either.addEventListener("abort", () => resolve(), { once: true });
  });
}

type Claim = { state: TransportState; limit: number; waitMs: number; signal?: AbortSignal };

/** Records what is finished and leases what is due. Undefined when the edge could not be asked: the results stay for the next claim. */
async function claim({ edge, log }: DrainMailParts, shard: string, results: MailResult[], { state, ...how }: Claim) {
  const recording = results.slice(0, 100);
  try {
    const mails = await edge.claimNotices({ shard, results: recording, ...state, ...how });
    results.splice(0, recording.length);
    return mails;
  } catch (error) {
    if (how.signal?.aborted === true) return undefined;
    log.warn("mails_not_claimed", { shard, count: recording.length, error: messageOf(error) });
    if (recording.length > 0 && isRefusedContent(error)) {
      // Kept, they would stop every other mail. Unrecorded, their leases end and they are sent again: twice, but not lost.
      log.error("mail_results_refused", { shard, count: recording.length, code: error.code });
      results.splice(0, recording.length);
    }
    return undefined;
  }
}

/** The end of a round: records what was sent without taking on more. */
async function farewell(parts: DrainMailParts, shard: string, results: MailResult[], stop: AbortSignal): Promise<void> {
  const state = await parts.postman.state();
  for (let tries = 1; results.length > 0; tries++) {
    if (await claim(parts, shard, results, { state, limit: 0, waitMs: 0 })) continue;
    // after a few tries the next round's edge may be better; on stopping there is no time for more than one
    if (stop.aborted || tries >= 5) break;
    await pause(backoffMs(tries), stop);
  }
  if (results.length > 0) parts.log.warn("mail_results_unrecorded", { shard, count: results.length });
}
