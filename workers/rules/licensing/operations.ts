/** Long works on licenses that a caller may start. */
export const OPERATION_KINDS = ["licenses.import", "licenses.bulk", "templates.migrate"] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

/** Where an operation stands. */
export const OPERATION_STATUSES = ["running", "succeeded", "failed", "canceled"] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

/** What came of one license of an operation: it was done, there was nothing to do, or it was refused. */
export const OPERATION_OUTCOMES = ["succeeded", "skipped", "failed"] as const;
export type OperationOutcome = (typeof OPERATION_OUTCOMES)[number];
