import { recordAttempts, unrecorded, type RecordedAttempt } from "#db/webhooks/pump";
import { openTenant, type Asked } from "#kernel/asking";
import { changing } from "#kernel/changing";
import { changeFact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { settingsOf } from "#rules/tenants/settings";
import { nextAttempt } from "#rules/webhooks/schedule";
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

type Waiting = Awaited<ReturnType<typeof unrecorded>>[number];

/**
 * Records how attempts went, and what follows from each: done, tried again later, or given up. An attempt counts once, by delivery and
 * number, however often it is told. An endpoint that answered 410 is disabled; what it has not got waits until it is enabled.
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
  const rows = [...told].map(([key, result]) => {
    const row = waiting.get(key) as Waiting;
    const judged = judge(row, result, c.var.realNow);
    if (judged.gone) gone.set(key, row);
    return { ...judged.row, attemptId: newId("attempt", shard, c.var.realNow) };
  });
  const recorded = await recordAttempts(d1, rows);
  // only what was news just now: a result that is told again must not disable an endpoint that was enabled since
  const ended = recorded.map((ref) => gone.get(keyOf(ref))).filter((row) => row !== undefined);
  for (const { tenantId, endpointId } of new Map(ended.map((row) => [row.endpointId, row])).values()) {
    await disableGone(c, tenantId, endpointId);
  }
}

function judge(
  row: Waiting,
  { attempt, outcome }: Result,
  now: Date,
): { row: Omit<RecordedAttempt, "attemptId">; gone: boolean } {
  const inRound = attempt - row.resentAfter;
  const after = nextAttempt(inRound, outcome, now, Math.random());
  const isLast = after.kind === "retry" && inRound >= settingsOf(row.settings).webhooks.max_attempts;
  const state =
    after.kind === "retry" && isLast ? "exhausted" : after.kind === "retry" || after.kind === "gone" ? "pending" : after.kind;
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
      nextAt: (after.kind === "retry" ? after.at : now).getTime(),
      endedAt: state === "pending" ? null : now.getTime(),
    },
  };
}

async function disableGone(c: Asked, tenantId: string, endpointId: string): Promise<void> {
  const opened = await openTenant(c, tenantId, { type: "system", id: null, ip: null });
  if (!opened) return;
  const { repo, now } = opened;
  await changing(async () => {
    const before = await repo.webhookEndpoints.byId(endpointId);
    if (!before || before.disabledAt !== null) return true;
    const row = { ...before, disabledAt: now, disabledReason: "gone" as const, updatedAt: now };
    const fact = changeFact("webhook_endpoint.disabled", presentEndpoint(before), presentEndpoint(row));
    return repo.webhookEndpoints.update(row, { facts: [fact], answer: [200, null] });
  });
}
