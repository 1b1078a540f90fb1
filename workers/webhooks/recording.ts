import {
  type AttemptRef,
  countAttempts,
  endCatchingUp,
  recordAttempts,
  unrecorded,
  type RecordedAttempt,
} from "#db/webhooks/pump";
import { openTenant, type Asked } from "#kernel/asking";
import { changing } from "#kernel/changing";
import { changeFact, fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { settingsOf } from "#rules/tenants/settings";
import { afterFailures, nextProbeAt } from "#rules/webhooks/recovery";
import { type AfterAttempt, ATTEMPT_DELAYS_S, nextAttempt } from "#rules/webhooks/schedule";
import type { DisabledReason } from "#rules/webhooks/states";
import { deletedEndpoint } from "./deleting.ts";
import { presentEndpoint } from "./presenters.ts";

/** How one attempt went, as the sender tells. */
export type Result = {
  tenantId: string;
  id: string;
  attempt: number;
  outcome:
    | { kind: "answered"; status: number; retryAfterS: number | null; body: string; durationMs: number }
    | { kind: "failed"; error: string; detail: string; durationMs: number };
};

/** How much of an answer is kept. */
const ANSWER_MAX = 1_000;
/** How often a delivery that nothing may overtake is tried on once its attempts are used up. */
const LONGEST_DELAY_MS = (ATTEMPT_DELAYS_S.at(-1) ?? 0) * 1000;
/** How long what was answered with 410 waits while its endpoint is being disabled, which follows behind the recording. */
const UNTIL_DISABLED_MS = 60_000;

type Waiting = Awaited<ReturnType<typeof unrecorded>>[number];

/**
 * Records how attempts went, and what follows from each: done, tried again later, or given up. An attempt counts once, by delivery and
 * number, however often it is told. An endpoint that answered 410 is disabled, and what it has not got waits until it is
 * enabled; a REST hook is deleted.
 */
export async function recordResults(c: Asked, d1: D1Database, shard: string, results: readonly Result[]): Promise<void> {
  if (results.length === 0) return;
  const keyOf = ({ tenantId, id }: { tenantId: string; id: string }) => `${tenantId} ${id}`;
  const waiting = new Map((await unrecorded(d1, results)).map((row) => [keyOf(row), row]));
  const told = new Map(
    results
      .filter((result) => waiting.get(keyOf(result))?.attempts === result.attempt - 1)
      .map((result) => [keyOf(result), result]),
  );
  const gone = new Map<string, Waiting>();
  const failed = new Set<string>();
  const rows = [...told].map(([key, result]) => {
    const row = waiting.get(key) as Waiting;
    const judged = judge(row, result, c.var.realNow);
    if (judged.gone) gone.set(key, row);
    if (judged.row.state !== "succeeded") failed.add(key);
    return { ...judged.row, attemptId: newId("attempt", shard, c.var.realNow) };
  });
  const recorded = await recordAttempts(d1, rows);
  // only what was news just now: a result that is told again must not disable an endpoint that was enabled since
  const ended = recorded.map((ref) => gone.get(keyOf(ref))).filter((row) => row !== undefined);
  for (const { tenantId, endpointId } of new Map(ended.map((row) => [row.endpointId, row])).values()) {
    await disable(c, tenantId, endpointId, "gone");
  }
  await lookAfterEndpoints(c, d1, recorded, {
    rowOf: (ref) => waiting.get(keyOf(ref)) as Waiting,
    isFailed: (ref) => failed.has(keyOf(ref)),
  });
}

type Recorded = { rowOf: (ref: AttemptRef) => Waiting; isFailed: (ref: AttemptRef) => boolean };

/** Counts what arrived at each endpoint and what did not, and draws the conclusions for those where nothing does. */
async function lookAfterEndpoints(
  c: Asked,
  d1: D1Database,
  recorded: readonly AttemptRef[],
  { rowOf, isFailed }: Recorded,
): Promise<void> {
  const arrived = new Map<string, Waiting>();
  const failing = new Map<string, Pick<Waiting, "tenantId" | "endpointId" | "settings"> & { times: number }>();
  for (const ref of recorded) {
    const row = rowOf(ref);
    if (!isFailed(ref)) arrived.set(row.endpointId, row);
  }
  for (const ref of recorded) {
    const { tenantId, endpointId, settings } = rowOf(ref);
    // of those that ended side by side nobody knows which was the last
    if (!isFailed(ref) || arrived.has(endpointId)) continue;
    failing.set(endpointId, { tenantId, endpointId, settings, times: (failing.get(endpointId)?.times ?? 0) + 1 });
  }
  const hadFailed = [...arrived.values()].filter(({ failures }) => (failures ?? 0) > 0);
  await endCatchingUp(
    d1,
    [...arrived.values()].filter(({ catchingUpSince }) => catchingUpSince !== null),
  );
  const counted = await countAttempts(d1, {
    arrived: hadFailed.map(({ tenantId, endpointId }) => ({ tenantId, endpointId })),
    failed: [...failing.values()].map(({ tenantId, endpointId, times }) => ({ tenantId, endpointId, times })),
    now: c.var.realNow,
  });
  for (const health of counted) {
    const { tenantId, endpointId } = health;
    const next = afterFailures(
      health,
      settingsOf(failing.get(endpointId)?.settings ?? {}).webhooks.disable_after_days,
      c.var.realNow,
    );
    if (next === "disabled") await disable(c, tenantId, endpointId, "failing");
    if (next === "recovers" && health.recoveringSince === null) await leaveToRecover(c, tenantId, endpointId);
  }
}

/** From now on a story tries the endpoint, one delivery at a time: it starts with the event. */
async function leaveToRecover(c: Asked, tenantId: string, endpointId: string): Promise<void> {
  const opened = await openTenant(c, tenantId, { type: "system", id: null, ip: null });
  const endpoint = await opened?.repo.webhookEndpoints.byId(endpointId);
  if (!opened || !endpoint) return;
  const probeAt = nextProbeAt({ probes: 0, retryAfterS: null, jitter: Math.random() }, c.var.realNow);
  const facts = [fact("webhook_endpoint.failing", presentEndpoint(endpoint))];
  await opened.repo.webhookQueues.startRecovery(endpoint, probeAt, { facts, answer: [200, null] });
}

function judge(
  row: Waiting,
  { attempt, outcome }: Result,
  now: Date,
): { row: Omit<RecordedAttempt, "attemptId">; gone: boolean } {
  const inRound = attempt - row.resentAfter;
  const after = nextAttempt(inRound, outcome, now, Math.random());
  const most = row.maxAttempts ?? settingsOf(row.settings).webhooks.max_attempts;
  const isLast = after.kind === "exhausted" || (after.kind === "retry" && inRound >= most);
  // nothing overtakes it: it is tried on until it arrives or the endpoint is disabled
  const blocks = isLast && row.fifo && row.onExhausted === "block";
  const state = isLast && !blocks ? "exhausted" : after.kind === "succeeded" ? "succeeded" : "pending";
  const answered = outcome.kind === "answered";
  return {
    gone: after.kind === "gone",
    row: {
      tenantId: row.tenantId,
      id: row.id,
      attempt,
      at: now.getTime() - outcome.durationMs,
      durationMs: outcome.durationMs,
      status: answered ? outcome.status : null,
      error: answered ? null : outcome.error,
      detail: answered ? null : outcome.detail,
      answer: answered ? outcome.body.slice(0, ANSWER_MAX) : null,
      state,
      nextAt: nextAtOf(after, blocks, now).getTime(),
      endedAt: state === "pending" ? null : now.getTime(),
    },
  };
}

/** When what waits on is tried next. */
function nextAtOf(after: AfterAttempt, blocks: boolean, now: Date): Date {
  if (after.kind === "retry") return after.at;
  if (after.kind === "gone") return new Date(now.getTime() + UNTIL_DISABLED_MS);
  return blocks ? new Date(now.getTime() + LONGEST_DELAY_MS) : now;
}

/** Sends an endpoint nothing more. What waits for it waits on, for thirty days; a REST hook that is gone has unsubscribed, and ends. */
export async function disable(c: Asked, tenantId: string, endpointId: string, reason: DisabledReason): Promise<void> {
  const opened = await openTenant(c, tenantId, { type: "system", id: null, ip: null });
  if (!opened) return;
  const { repo, now } = opened;
  await changing(async () => {
    const before = await repo.webhookEndpoints.byId(endpointId);
    if (!before) return true;
    if (reason === "gone" && before.origin === "rest_hook") {
      const deleted = fact("webhook_endpoint.deleted", presentEndpoint(before));
      return repo.webhookEndpoints.delete(deletedEndpoint(before, now), { facts: [deleted], answer: [200, null] });
    }
    if (before.disabledAt !== null) return true;
    const row = { ...before, disabledAt: now, disabledReason: reason, updatedAt: now };
    const disabled = changeFact("webhook_endpoint.disabled", presentEndpoint(before), presentEndpoint(row));
    return repo.webhookEndpoints.update(row, { facts: [disabled], answer: [200, null] });
  });
}
