import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { endOperation } from "./ending.ts";
import { presentOperation } from "./presenters.ts";
import { operationEnded, operationNotFound } from "./problems.ts";
import { Operation } from "./schemas.ts";

export const cancelOperation = endpoint({
  route: createRoute({
    operationId: "operations.cancel",
    method: "post",
    path: "/v1/operations/{id}/cancel",
    security: scope("operations:write"),
    summary: "Cancel an operation",
    description:
      "Stops it between two steps. What was done stays done, and stands in its results. A canceled one stays as it is.",
    request: { params: idParam("op") },
    responses: {
      200: json(Operation, "The operation, canceled"),
      ...problems(operationNotFound, operationEnded, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const operation = await changing(async () => {
      const before = await repo.operations.byId(id);
      if (!before) throw operationNotFound({});
      if (before.status === "canceled") return presentOperation(before);
      if (before.status !== "running") throw operationEnded({ status: before.status });
      return endOperation(repo, before, { status: "canceled", error: null, finishedAt: now });
    });
    return c.json(operation, 200);
  },
});
