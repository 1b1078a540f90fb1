import { createRoute } from "@hono/zod-openapi";
import { NotUnique } from "#db/commit";
import type { OperationRow } from "#db/operations/operations";
import type { OpenedTenant } from "#kernel/asking";
import { changing } from "#kernel/changing";
import { internalEndpoint, json, jsonBody, problems } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { openForStory } from "#kernel/story";
import { workflowIdOf } from "#rules/stories/workflow-ids";
import { endOperation } from "./ending.ts";
import { importChunk } from "./importing.ts";
import { presentOperation, presentProgress } from "./presenters.ts";
import { operationNotFound } from "./problems.ts";
import { OperationProgress, OperationRef } from "./schemas.ts";
import { replayNext, type Replayed } from "./replaying.ts";
import { workThrough, type Worked } from "./working.ts";

/** Does the next bounded part of an operation. One that has ended stays as it is. */
export const stepOperation = internalEndpoint({
  route: createRoute({
    operationId: "internal.operations.step",
    method: "post",
    path: "/internal/operations/step",
    request: { body: jsonBody(OperationRef) },
    responses: {
      200: json(OperationProgress, "How far the operation has come"),
      ...problems(operationNotFound, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { tenant_id: tenantId, operation_id: id } = c.req.valid("json");
    const opened = await openForStory(c, tenantId, workflowIdOf.operation(id));
    const { row, restMs } = await changing(() => step(c.env, { ...opened, realNow: c.var.realNow }, id).catch(raced));
    return c.json(presentProgress(row, restMs), 200);
  },
});

/** One step, all of it in one batch; undefined when the operation or one of its licenses changed between reading and writing. */
async function step(env: Env, opened: OpenedTenant & { realNow: Date }, id: string): Promise<Replayed | undefined> {
  const { repo, now } = opened;
  const before = await repo.operations.byId(id);
  if (!before) throw operationNotFound({});
  if (before.status !== "running") return { row: before, restMs: null };

  const { params } = before;
  if (params.kind === "webhooks.replay") return replayNext(opened, before, params);
  const worked =
    params.kind === "licenses.import"
      ? await importChunk({ env, opened, operation: before, params })
      : await workThrough(opened, before, params);
  if (!worked) return uploadGone(opened, before);

  const row = advanced(before, worked, now);
  const finished = worked.finished ? [changeFact("operation.finished", presentOperation(before), presentOperation(row))] : [];
  const told = { facts: [...worked.facts, ...finished], answer: [200, null] as const };
  return (await repo.operations.advance(row, worked, told)) && { row, restMs: null };
}

function advanced(before: OperationRow, { results, position, finished }: Worked, now: Date): OperationRow {
  const of = (outcome: "succeeded" | "skipped" | "failed") => results.filter((result) => result.outcome === outcome).length;
  const done = before.done + results.length;
  return {
    ...before,
    done,
    total: Math.max(before.total, done), // licenses that came to fit the filter meanwhile have their turn too
    succeeded: before.succeeded + of("succeeded"),
    skipped: before.skipped + of("skipped"),
    failed: before.failed + of("failed"),
    position,
    updatedAt: now,
    ...(finished && { status: "succeeded" as const, finishedAt: now }),
  };
}

async function uploadGone({ repo, now }: OpenedTenant, before: OperationRow): Promise<Replayed | undefined> {
  const how = { status: "failed" as const, error: "The rest of the upload is gone.", finishedAt: now };
  return (await endOperation(repo, before, how)) && { row: { ...before, ...how }, restMs: null };
}

/** Somebody else took a key or an id of one row in between. */
function raced(error: unknown): undefined {
  if (error instanceof NotUnique) return undefined;
  throw error;
}
