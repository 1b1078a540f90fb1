import type { OperationRow } from "#db/operations/operations";
import type { TenantEnv } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import type { z } from "#kernel/wire";
import type { OperationParams } from "#rules/licensing/operations";
import { presentOperation } from "./presenters.ts";
import { tooManyOperations } from "./problems.ts";
import type { Operation } from "./schemas.ts";

type Asking = { var: Pick<TenantEnv["Variables"], "repo" | "caller" | "now" | "realNow"> };

/**
 * Begins an operation: its row, its event, which a story follows, and the sealed parts of its upload, all or nothing.
 * Throws `too_many_operations`.
 */
export async function startOperation(
  { var: { repo, caller, now, realNow } }: Asking,
  params: OperationParams,
  total: number,
  chunksOf: (operationId: string) => Promise<{ rows: number; sealed: string }[]> = () => Promise.resolve([]),
): Promise<z.infer<typeof Operation>> {
  const row: OperationRow = {
    tenantId: repo.tenantId,
    id: newId("operation", repo.shard, realNow),
    kind: params.kind,
    status: "running",
    params,
    total,
    done: 0,
    succeeded: 0,
    skipped: 0,
    failed: 0,
    position: null,
    error: null,
    createdBy: caller.keyId,
    finishedAt: null,
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
  const chunks = (await chunksOf(row.id)).map((chunk, n) => ({ tenantId: repo.tenantId, operationId: row.id, n, ...chunk }));
  const operation = presentOperation(row);
  const told = { facts: [fact("operation.created", operation)], answer: [202, operation] as const };
  if (!(await repo.operations.insert(row, chunks, told))) throw tooManyOperations({});
  return operation;
}
