import { sql } from "drizzle-orm";
import { foreignKey, index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { instant, json } from "../columns.ts";
import type { OperationKind, OperationOutcome, OperationParams, OperationStatus } from "#rules/licensing/operations";

/** Long work that a caller started: its progress while a story carries it out, and what came of it. */
export const operations = sqliteTable(
  "operations",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    kind: text().$type<OperationKind>().notNull(),
    status: text().$type<OperationStatus>().notNull(),
    params: json<OperationParams>().notNull(), // what was asked for; no secrets
    total: integer().notNull(),
    done: integer().notNull(),
    succeeded: integer().notNull(),
    skipped: integer().notNull(),
    failed: integer().notNull(),
    position: text(), // the last license or chunk that is done with
    error: text(), // why the whole of it failed
    createdBy: text(), // the API key
    finishedAt: instant(),
    createdAt: instant().notNull(),
    updatedAt: instant().notNull(),
    version: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index("operations_running")
      .on(t.tenantId, t.id)
      .where(sql`${t.status} = 'running'`),
  ],
);

/** A part of an upload that waits for its turn, sealed: it may hold license keys. Gone once it is done with. */
export const operationChunks = sqliteTable(
  "operation_chunks",
  {
    tenantId: text().notNull(),
    operationId: text().notNull(),
    n: integer().notNull(), // from 0
    rows: integer().notNull(),
    sealed: text().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.operationId, t.n] }),
    foreignKey({ columns: [t.tenantId, t.operationId], foreignColumns: [operations.tenantId, operations.id] }),
  ],
);

/** What came of one license or one row of an operation. */
export const operationResults = sqliteTable(
  "operation_results",
  {
    tenantId: text().notNull(),
    operationId: text().notNull(),
    n: integer().notNull(), // the row of the upload, or the place in the order of work, from 1
    outcome: text().$type<OperationOutcome>().notNull(),
    licenseId: text(),
    externalId: text(),
    code: text(), // of a refusal
    detail: text(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.operationId, t.n] }),
    index("operation_results_outcome").on(t.tenantId, t.operationId, t.outcome, t.n),
  ],
);
