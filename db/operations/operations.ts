import { and, asc, desc, eq, gt } from "drizzle-orm";
import { MOST_RUNNING, type OperationKind, type OperationOutcome, type OperationStatus } from "#rules/licensing/operations";
import { bound, commit, type Asking, type Statement, type Told } from "../commit.ts";
import type { CustomerRow } from "../customers/customers.ts";
import { customers } from "../customers/tables.ts";
import { dbOf } from "../db.ts";
import { writing, type LicenseRow } from "../licensing/licenses.ts";
import { making, trialUsed } from "../licensing/making.ts";
import type { LicenseTermRow } from "../licensing/rows.ts";
import { addedTerm } from "../licensing/written-terms.ts";
import { olderThan, pageOf, type Page, type PageOf } from "../page.ts";
import { importsOf } from "./imports.ts";
import { overOperation } from "./overwriting.ts";
import { replaysOf } from "./replays.ts";
import { selectionsOf } from "./selection.ts";
import { operationChunks, operationResults, operations } from "./tables.ts";

export type OperationRow = typeof operations.$inferSelect;
export type OperationChunk = typeof operationChunks.$inferSelect;
export type OperationResult = Omit<typeof operationResults.$inferSelect, "tenantId" | "operationId">;

/** What one step of an operation writes beside its progress. */
export type StepWritten = {
  customers: readonly CustomerRow[];
  created: readonly LicenseRow[];
  changed: readonly LicenseRow[];
  /** terms that begin with the changes */
  terms: readonly LicenseTermRow[];
  results: readonly OperationResult[];
  /** the chunk that is done with */
  chunk: number | null;
};

/** Long works of a tenant, and what came of them. */
export function operationsOf(asking: Asking) {
  return { ...selectionsOf(asking), ...importsOf(asking), ...replaysOf(asking), ...readsOf(asking), ...writesOf(asking) };
}

function readsOf({ d1, tenantId }: Asking) {
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(operations.tenantId, tenantId), eq(operations.id, id));

  return {
    byId: (id: string) => db.select().from(operations).where(mine(id)).get(),

    list: async (page: Page, filter: { kind?: OperationKind | undefined; status?: OperationStatus | undefined }) =>
      pageOf(
        await db
          .select()
          .from(operations)
          .where(
            and(
              eq(operations.tenantId, tenantId),
              filter.kind === undefined ? undefined : eq(operations.kind, filter.kind),
              filter.status === undefined ? undefined : eq(operations.status, filter.status),
              olderThan(operations.id, page),
            ),
          )
          .orderBy(desc(operations.id))
          .limit(page.limit + 1),
        page,
      ),

    /** What came of its licenses in the order of work, those behind the place `after`. */
    results: async (
      operationId: string,
      outcome: OperationOutcome | undefined,
      { limit, after }: { limit: number; after: number },
    ): Promise<PageOf<OperationResult>> => {
      const rows = await db
        .select()
        .from(operationResults)
        .where(
          and(
            eq(operationResults.tenantId, tenantId),
            eq(operationResults.operationId, operationId),
            outcome === undefined ? undefined : eq(operationResults.outcome, outcome),
            gt(operationResults.n, after),
          ),
        )
        .orderBy(asc(operationResults.n))
        .limit(limit + 1);
      return pageOf(rows, { limit, before: null });
    },

    /** A part of an upload that is not done with yet. */
    chunk: (operationId: string, n: number): Promise<OperationChunk | undefined> =>
      db
        .select()
        .from(operationChunks)
        .where(
          and(eq(operationChunks.tenantId, tenantId), eq(operationChunks.operationId, operationId), eq(operationChunks.n, n)),
        )
        .get(),
  };
}

function writesOf(asking: Asking) {
  const { d1 } = asking;
  const db = dbOf(d1);
  return {
    /** Adds an operation with the parts of its upload; undefined when the tenant has too many under way. */
    insert: (row: OperationRow, chunks: readonly OperationChunk[], told: Told) =>
      commit(
        asking,
        [
          fewUnderWay(asking),
          bound(d1, db.insert(operations).values(row)),
          ...chunks.map((chunk) => bound(d1, db.insert(operationChunks).values(chunk))),
        ],
        told,
      ),

    /**
     * Writes one step: how far the operation has come, and all that was done on the way, or nothing. Undefined when the operation or one of the
     * licenses was changed since it was read, so a step that is repeated, or runs twice at once, finds its work done.
     */
    advance: (row: OperationRow, written: StepWritten, told: Told) =>
      commit(
        asking,
        [
          ...overOperation(asking, row),
          ...written.customers.map((customer) => bound(d1, db.insert(customers).values(customer))),
          ...written.created.flatMap((license) => making(asking, license)),
          ...trialUsed(asking, written.created, { again: true }),
          ...written.changed.flatMap((license) => writing(asking, license)),
          ...written.terms.map((term) => addedTerm(asking, term)),
          resultsOf(asking, row.id, written.results),
          ...(written.chunk === null ? [] : [chunkDone(asking, row.id, written.chunk)]),
        ],
        told,
      ),

    /** Ends an operation before its work is done, and drops what is left of its upload; undefined when it was changed since it was read. */
    end: (row: OperationRow, told: Told) => commit(asking, [...overOperation(asking, row), chunksGone(asking, row.id)], told),
  };
}

function fewUnderWay({ d1, tenantId }: Asking): Statement {
  return d1
    .prepare(
      `select case when (select count(*) from operations where tenant_id = ?1 and status = 'running') < ${MOST_RUNNING}
       then 1 else json('guard:too many operations') end`,
    )
    .bind(tenantId);
}

/** All results of a step in one statement. */
function resultsOf({ d1, tenantId }: Asking, operationId: string, results: readonly OperationResult[]): Statement {
  const rows = results.map(({ n, outcome, licenseId, externalId, code, detail }) => [
    n,
    outcome,
    licenseId,
    externalId,
    code,
    detail,
  ]);
  return d1
    .prepare(
      `insert into operation_results (tenant_id, operation_id, n, outcome, license_id, external_id, code, detail)
       select ?1, ?2, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 from json_each(?3)`,
    )
    .bind(tenantId, operationId, JSON.stringify(rows));
}

function chunkDone({ d1, tenantId }: Asking, operationId: string, n: number): Statement {
  return d1
    .prepare("delete from operation_chunks where tenant_id = ?1 and operation_id = ?2 and n = ?3")
    .bind(tenantId, operationId, n);
}

function chunksGone({ d1, tenantId }: Asking, operationId: string): Statement {
  return d1.prepare("delete from operation_chunks where tenant_id = ?1 and operation_id = ?2").bind(tenantId, operationId);
}
