import type { OperationRow } from "#db/operations/operations";
import type { OpenedTenant } from "#kernel/asking";
import { changeFact } from "#kernel/facts";
import type { OperationParams } from "#rules/licensing/operations";
import { MOST_WAITING, nextPart, restMs } from "#rules/webhooks/replay";
import { endOperation } from "./ending.ts";
import { presentOperation } from "./presenters.ts";

type ReplayParams = Extract<OperationParams, { kind: "webhooks.replay" }>;

/** How a step of a replay went; `restMs`: nothing more is sent before that has passed. */
export type Replayed = { row: OperationRow; restMs: number | null };

/**
 * Sends the next events of a span to their endpoint again, while only few of those before wait: what happens now is not to stand behind them.
 * Undefined where the operation was changed since it was read.
 */
export async function replayNext(
  opened: OpenedTenant & { realNow: Date },
  before: OperationRow,
  params: ReplayParams,
): Promise<Replayed | undefined> {
  const { repo, now, realNow } = opened;
  const endpoint = await repo.webhookEndpoints.byId(params.endpointId);
  if (!endpoint) return ended(opened, before, "The endpoint was deleted.");
  if (endpoint.disabledAt !== null)
    return ended(opened, before, "The endpoint is disabled: enable it, and replay what it missed.");

  const position = Number(before.position ?? params.firstSeq - 1);
  const waiting = await repo.operations.replayWaiting(before, params, {
    firstSeq: params.firstSeq,
    position,
    most: MOST_WAITING,
  });
  const queue = await repo.webhookQueues.byId(endpoint.id);
  const rest = restMs({ ...waiting, heldUntil: queue?.recoveringSince ? (queue.probeAt ?? null) : null }, realNow);
  if (rest !== null) return { row: before, restMs: rest };

  const part = nextPart({ position, lastSeq: params.lastSeq, waiting: waiting.count });
  const events = await repo.operations.eventsToReplay(params, part);
  const wanted = events.filter(({ has }) => params.only === "all" || !has).map(({ seq }) => seq);
  const reached = events.length === part.limit ? (events.at(-1)?.seq ?? part.upTo) : part.upTo;
  const done = before.done + events.length;
  const row: OperationRow = {
    ...before,
    done,
    total: Math.max(before.total, done),
    succeeded: before.succeeded + wanted.length,
    skipped: before.skipped + events.length - wanted.length,
    position: String(reached),
    updatedAt: now,
    ...(reached >= params.lastSeq && { status: "succeeded" as const, total: done, finishedAt: now }),
  };
  const facts =
    row.status === "running" ? [] : [changeFact("operation.finished", presentOperation(before), presentOperation(row))];
  const told = { facts, answer: [200, null] as const };
  return (
    (await repo.operations.advanceReplay(row, endpoint.id, { seqs: wanted, only: params.only }, told)) && { row, restMs: null }
  );
}

async function ended({ repo, now }: OpenedTenant, before: OperationRow, error: string): Promise<Replayed | undefined> {
  const how = { status: "failed" as const, error, finishedAt: now };
  return (await endOperation(repo, before, how)) && { row: { ...before, ...how }, restMs: null };
}
