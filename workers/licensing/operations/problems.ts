import { defineProblem } from "#kernel/problem";
import { MOST_RUNNING } from "#rules/licensing/operations";

export const operationNotFound = defineProblem({
  code: "operation_not_found",
  status: 404,
  title: "No such operation",
  fix: "List the operations with GET /v1/operations.",
  detail: () => "This tenant has no operation of this id.",
});

export const operationEnded = defineProblem<{ status: string }>({
  code: "operation_ended",
  status: 409,
  title: "The operation has ended",
  fix: "Read what came of it with GET /v1/operations/{id}/results.",
  detail: ({ status }) => `The operation has ${status === "failed" ? "failed" : status} already.`,
});

export const tooManyOperations = defineProblem({
  code: "too_many_operations",
  status: 409,
  title: "Too many operations are under way",
  fix: "Wait until some have ended, or cancel them with POST /v1/operations/{id}/cancel.",
  detail: () => `At most ${MOST_RUNNING} operations of a tenant are under way at once.`,
});

export const importUnreadable = defineProblem<{ detail: string }>({
  code: "import_unreadable",
  status: 400,
  title: "The upload cannot be read",
  fix: "Send CSV with a header that names license_key, or NDJSON with one object a line; at most 10,000 rows.",
  detail: ({ detail }) => detail,
});

export const importRowsInvalid = defineProblem<{ rows: number }>({
  code: "import_rows_invalid",
  status: 400,
  title: "Some rows are not valid",
  fix: "Correct the rows named in errors, and send the upload again; with dry_run=true nothing is written.",
  detail: ({ rows }) => `${rows} of the rows cannot be imported; nothing was.`,
});

export const importConflicts = defineProblem<{ rows: number }>({
  code: "import_conflicts",
  status: 409,
  title: "Some rows are there already",
  fix: "Take the rows named in errors out, or send on_conflict=skip to leave them out.",
  detail: ({ rows }) => `${rows} of the rows have a license key or an external_id that is taken; nothing was imported.`,
});

export const replayRangeInvalid = defineProblem<{ from: Date; to: Date }>({
  code: "replay_range_invalid",
  status: 400,
  title: "The span of time has nothing in it",
  fix: "Name a `from` that lies before `to`; events happen from the one until before the other.",
  detail: ({ from, to }) => `From ${from.toISOString()} to ${to.toISOString()} is no time.`,
});
