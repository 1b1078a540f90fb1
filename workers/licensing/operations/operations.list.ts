import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentOperation } from "./presenters.ts";
import { Operation, OperationQuery } from "./schemas.ts";

export const listOperations = endpoint({
  route: createRoute({
    operationId: "operations.list",
    method: "get",
    path: "/v1/operations",
    security: scope("operations:read"),
    summary: "List operations",
    description: "Newest first.",
    request: { query: OperationQuery },
    responses: { 200: json(listOf(Operation), "A page of operations"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const found = await repo.operations.list(await pageAsked(repo.tenantId, query), { kind: query.kind, status: query.status });
    return c.json(await presentPage(repo.tenantId, query, found, presentOperation), 200);
  },
});
