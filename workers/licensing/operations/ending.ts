import type { OperationRow } from "#db/operations/operations";
import type { Repo } from "#db/repo";
import { changeFact } from "#kernel/facts";
import type { z } from "#kernel/wire";
import { presentOperation } from "./presenters.ts";
import type { Operation } from "./schemas.ts";

/** Ends an operation before its work is done, and answers how it is shown then; undefined when it was changed since it was read. */
export async function endOperation(
  repo: Repo,
  before: OperationRow,
  how: { status: "canceled" | "failed"; error: string | null; finishedAt: Date },
): Promise<z.infer<typeof Operation> | undefined> {
  const row = { ...before, ...how, updatedAt: how.finishedAt };
  const after = presentOperation(row);
  const facts = [changeFact("operation.finished", presentOperation(before), after)];
  return (await repo.operations.end(row, { facts, answer: [200, after] })) && after;
}
