import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope, textBody } from "#kernel/endpoint";
import { customerNotFound, templateArchived, templateNotFound } from "#kernel/not-found";
import type { FieldError, ProblemError } from "#kernel/problem";
import { scopeMissing } from "#kernel/problems";
import type { z } from "#kernel/wire";
import type { RowFault } from "#rules/licensing/import-rows";
import { checkRows, type Checked } from "./checking-rows.ts";
import { sealedChunks } from "./import-chunks.ts";
import { importConflicts, importRowsInvalid, importUnreadable, tooManyOperations } from "./problems.ts";
import { readRows } from "./reading-rows.ts";
import { byRow, NAMED_ROWS, reportOf, rowsIn } from "./reporting.ts";
import { IMPORT_EXAMPLES, ImportQuery, ImportReport, Operation } from "./schemas.ts";
import { startOperation } from "./starting.ts";

type Query = z.infer<typeof ImportQuery>;

export const importLicenses = endpoint({
  bodyLimit: 10 * 1024 * 1024,
  route: createRoute({
    operationId: "licenses.import",
    method: "post",
    path: "/v1/licenses/import",
    security: scope("licenses:write"),
    summary: "Import existing licenses with their keys",
    description:
      "Up to 10,000 rows and 10 MiB of CSV or NDJSON. Keys of any form are taken, and match exactly as they are. A row has license_key, one of customer_id, customer_external_id and customer_email (with customer_name), and optionally template_id, external_id, issued_to, starts_at, expires_at (never = without end), status (active, suspended or revoked), max_activations (unlimited = no limit) and metadata.<name>. The whole upload is checked first; then it is carried out row by row, and what came of each stands in the operation's results.",
    request: { query: ImportQuery, body: textBody(IMPORT_EXAMPLES) },
    responses: {
      202: json(Operation, "The operation that does it"),
      200: json(ImportReport, "With dry_run: what the upload holds, and what would come of it"),
      ...problems(
        importUnreadable,
        importRowsInvalid,
        importConflicts,
        templateNotFound,
        templateArchived,
        customerNotFound,
        tooManyOperations,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, caller, now, upload, vault } = c.var;
    const query = c.req.valid("query");
    if (query.create_customers && !caller.scopes.includes("customers:write")) throw scopeMissing({ scope: "customers:write" });

    const read = readRows(upload, now);
    if (!query.dry_run && read.faults.length > 0) throw invalidRows(read.faults);
    const checked = await checkRows({ repo, env: c.env }, read.rows, optionsOf(query));
    if (query.dry_run) return c.json(reportOf(read, checked, query.on_conflict), 200);
    refuseUnfit(checked, query);

    const params = { kind: "licenses.import" as const, rows: read.count, onConflict: query.on_conflict };
    const operation = await startOperation(c, params, read.count, (id) => sealedChunks(vault, id, checked.rows));
    return c.json(operation, 202);
  },
});

const optionsOf = (query: Query) => ({
  templateId: query.template_id,
  allowWeak: query.allow_weak ?? false,
  createCustomers: query.create_customers ?? false,
});

/** What an upload names and is not there is a 404, as in every other body; then what is wrong with rows, then what is there already. */
function refuseUnfit({ unknown, refused, collisions, duplicates }: Checked, { on_conflict: onConflict }: Query): void {
  const of = (faults: readonly RowFault[], code: string) => faults.filter((fault) => fault.code === code);
  const more = (faults: readonly RowFault[]) => ({ errors: errorsOf(faults) });
  const [templates, customers] = [of(unknown, "template_not_found"), of(unknown, "customer_not_found")];
  if (templates.length > 0) throw templateNotFound({}, more(templates));
  if (customers.length > 0) throw customerNotFound({}, more(customers));
  const archived = of(refused, "template_archived");
  if (archived.length > 0) throw templateArchived({}, more(archived));
  const invalid = [...unknown, ...refused];
  if (invalid.length > 0) throw invalidRows(invalid);
  const conflicts = [...collisions, ...duplicates];
  if (onConflict === "fail" && conflicts.length > 0) throw importConflicts({ rows: rowsIn(conflicts) }, more(conflicts));
}

function invalidRows(faults: readonly RowFault[]): ProblemError {
  return importRowsInvalid({ rows: rowsIn(faults) }, { errors: errorsOf(faults) });
}

const errorsOf = (faults: readonly RowFault[]): FieldError[] =>
  byRow(faults)
    .slice(0, NAMED_ROWS)
    .map(({ row, column, code, detail }) => ({ pointer: `/rows/${row}${column === null ? "" : `/${column}`}`, code, detail }));
