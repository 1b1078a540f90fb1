import type { BulkAction, OperationKind, OperationStatus } from "#rules/licensing/operations";

/** One operation of one tenant. */
export type OperationRef = { tenantId: string; operationId: string };

/** How far an operation has come. */
export type OperationProgress = {
  kind: OperationKind;
  action: BulkAction | null;
  status: OperationStatus;
  done: number;
  total: number;
  /** How long it is left alone before the next step: nothing can be done until then. */
  rest_ms?: number | undefined;
};

/** The seats of a tenant that were released until a month (`2026-11`, in UTC) was over. */
export type ReleasedMonth = { tenantId: string; month: string };

/** What came of archiving some of them. */
export type ArchiveProgress = {
  count: number;
  /** done: none is left. more: some may be. wait: it is too early, come back at `from`. kept: the tenant archives none. */
  outcome: "done" | "more" | "wait" | "kept";
  from: string | null;
};

/** What the stories of the licensing room need done. Each may be done twice. */
export type LicensingActivities = {
  /** Does the next bounded part of an operation, or nothing where it has ended. */
  stepOperation: (operation: OperationRef) => Promise<OperationProgress>;
  /** Ends an operation that can be taken no further, and tells its tenant why. One that has ended stays as it is. */
  failOperation: (operation: OperationRef & { error: string }) => Promise<OperationProgress>;
  /** Archives the next seats of a month, as far as the tenant's setting has it by now. */
  archiveStep: (released: ReleasedMonth) => Promise<ArchiveProgress>;
};
