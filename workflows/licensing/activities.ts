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

/** What the stories of the licensing room need done. Each may be done twice. */
export type LicensingActivities = {
  /** Does the next bounded part of an operation, or nothing where it has ended. */
  stepOperation: (operation: OperationRef) => Promise<OperationProgress>;
  /** Ends an operation that can be taken no further, and tells its tenant why. One that has ended stays as it is. */
  failOperation: (operation: OperationRef & { error: string }) => Promise<OperationProgress>;
};
