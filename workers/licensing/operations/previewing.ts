import type { Repo } from "#db/repo";
import type { z } from "#kernel/wire";
import { presentResult } from "./presenters.ts";
import type { OperationPreview } from "./schemas.ts";
import { moverOf, resultOf, type SelectingParams } from "./working.ts";

/** How many licenses a preview shows. */
const SHOWN = 20;

/** What an operation would make of its first licenses, and how many there are. */
export async function previewOf(
  { repo, now, by }: { repo: Repo; now: Date; by: string },
  params: SelectingParams,
  total: number,
): Promise<z.infer<typeof OperationPreview>> {
  const move = await moverOf({ repo, now, by, operationId: null }, params);
  const licenses = await repo.operations.selected(params.selection, null, SHOWN);
  const first = licenses.map((license, index) => presentResult(resultOf(license, move(license), index + 1)));
  const action = params.kind === "licenses.bulk" ? params.action : null;
  return { object: "operation_preview", kind: params.kind, action, total, first };
}
