import type { License } from "#db/licensing/licenses";
import type { OperationResult, OperationRow, StepWritten } from "#db/operations/operations";
import type { Fact } from "#db/commit";
import type { OpenedTenant } from "#kernel/asking";
import { changeFact } from "#kernel/facts";
import { LICENSES_A_STEP, type LicenseSelection, type OperationParams } from "#rules/licensing/operations";
import { presentLicense } from "../presenters.ts";
import { migrated, movedInBulk, type Moved } from "./moves.ts";
import type { Repo } from "#db/repo";
import { revisionNotFound } from "#kernel/not-found";

/** What one step of an operation has done, before it is written. */
export type Worked = StepWritten & { facts: Fact[]; position: string | null; finished: boolean };

/** What is known to whoever moves licenses for an operation. */
type Moving = { repo: Repo; now: Date; by: string; operationId: string | null };

/** The next licenses of a bulk action or a migration, each moved or refused. */
export async function workThrough(
  { repo, now }: Pick<OpenedTenant, "repo" | "now">,
  operation: OperationRow,
  params: SelectingParams,
): Promise<Worked> {
  const page = await repo.operations.selected(params.selection, operation.position, LICENSES_A_STEP);
  const move = await moverOf({ repo, now, by: operation.createdBy ?? operation.id, operationId: operation.id }, params);
  const moves = page.map((license) => ({ license, moved: move(license) }));
  const succeeded = moves.flatMap(({ license, moved }) => (moved.outcome === "succeeded" ? [{ before: license, moved }] : []));
  return {
    customers: [],
    created: [],
    changed: succeeded.map(({ moved }) => moved.license.row),
    terms: succeeded.flatMap(({ moved }) => moved.term ?? []),
    facts: succeeded.map(({ before, moved }) =>
      changeFact(moved.event, presentLicense(before, now), presentLicense(moved.license, now)),
    ),
    results: moves.map(({ license, moved }, index) => resultOf(license, moved, operation.done + index + 1)),
    chunk: null,
    position: page.at(-1)?.row.id ?? operation.position,
    finished: page.length < LICENSES_A_STEP,
  };
}

export type SelectingParams = Extract<OperationParams, { selection: LicenseSelection }>;

/** How an operation moves each of its licenses. Throws `revision_not_found`. */
export async function moverOf(moving: Moving, params: SelectingParams): Promise<(license: License) => Moved> {
  const { repo, now } = moving;
  const mover = { ...moving, zone: repo.tenant.timeZone };
  if (params.kind === "licenses.bulk") return (license) => movedInBulk(license, params, mover);
  const to = await repo.templateRevisions.byRev(params.templateId, params.toRev);
  if (!to) throw revisionNotFound({});
  return (license) => migrated(license, to, { now, zone: repo.tenant.timeZone });
}

/** What came of one license, as it is kept. */
export function resultOf({ row }: License, moved: Moved, n: number): OperationResult {
  const { outcome, code, detail } = moved;
  return { n, outcome, licenseId: row.id, externalId: row.externalId, code, detail };
}
