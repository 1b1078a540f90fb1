import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentOperation } from "./presenters.ts";
import { operationNotFound } from "./problems.ts";
import { Operation } from "./schemas.ts";

export const getOperation = endpoint({
  route: createRoute({
    operationId: "operations.get",
    method: "get",
    path: "/v1/operations/{id}",
    security: scope("operations:read"),
    summary: "Get an operation",
    description: "Long work that a request began: how far it has come and, once it has ended, what came of it.",
    request: { params: idParam("op") },
    responses: { 200: json(Operation, "The operation"), ...problems(operationNotFound) },
  }),

  handler: async (c) => {
    const row = await c.var.repo.operations.byId(c.req.valid("param").id);
    if (!row) throw operationNotFound({});
    return c.json(presentOperation(row), 200);
  },
});
