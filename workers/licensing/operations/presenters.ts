import type { OperationResult as ResultRow, OperationRow } from "#db/operations/operations";
import type { z } from "#kernel/wire";
import { workflowIdOf } from "#rules/stories/workflow-ids";
import type { Operation, OperationProgress, OperationResult } from "./schemas.ts";

/** An operation as it is shown; what came of it only once it has ended. */
export const presentOperation = (row: OperationRow): z.infer<typeof Operation> => ({
  object: "operation",
  id: row.id,
  kind: row.kind,
  action: actionOf(row),
  status: row.status,
  progress: { done: row.done, total: row.total },
  result: row.status === "running" ? null : { succeeded: row.succeeded, skipped: row.skipped, failed: row.failed },
  error: row.error,
  created_by: row.createdBy,
  workflow_id: workflowIdOf.operation(row.id),
  finished_at: row.finishedAt?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
});

/** What came of one license or row. */
export const presentResult = (row: ResultRow): z.infer<typeof OperationResult> => ({
  object: "operation_result",
  n: row.n,
  outcome: row.outcome,
  license_id: row.licenseId,
  external_id: row.externalId,
  code: row.code,
  detail: row.detail,
});

/** How far an operation has come, and how long it is left alone before the next step. */
export const presentProgress = (row: OperationRow, restMs: number | null = null): z.infer<typeof OperationProgress> => ({
  kind: row.kind,
  action: actionOf(row),
  status: row.status,
  done: row.done,
  total: row.total,
  ...(restMs !== null && { rest_ms: restMs }),
});

const actionOf = ({ params }: OperationRow) => (params.kind === "licenses.bulk" ? params.action : null);
