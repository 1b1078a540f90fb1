import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentResult } from "./presenters.ts";
import { operationNotFound } from "./problems.ts";
import { OperationResultQuery, OperationResults } from "./schemas.ts";

export const listOperationResults = endpoint({
  route: createRoute({
    operationId: "operations.results",
    method: "get",
    path: "/v1/operations/{id}/results",
    security: scope("operations:read"),
    summary: "List what came of each license",
    description: "In the order of work, also while the operation runs. Kept for 90 days after its end.",
    request: { params: idParam("op"), query: OperationResultQuery },
    responses: { 200: json(OperationResults, "A page of results"), ...problems(operationNotFound, invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const operation = await repo.operations.byId(c.req.valid("param").id);
    if (!operation) throw operationNotFound({});
    // the cursor is bound to the operation, as it is to filters
    const query = { ...c.req.valid("query"), operation: operation.id };
    const { limit, before: last } = await pageAsked(repo.tenantId, query);
    const after = last === null ? 0 : placeIn(last);
    const found = await repo.operations.results(operation.id, query.outcome, { limit, after });
    const rows = found.rows.map((row) => ({ ...row, id: String(row.n) }));
    return c.json(await presentPage(repo.tenantId, query, { ...found, rows }, presentResult), 200);
  },
});

function placeIn(cursor: string): number {
  if (!/^\d{1,9}$/.test(cursor)) throw invalidCursor({});
  return Number(cursor);
}
