import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { internalEndpoint, json, jsonBody, problems } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { openForStory } from "#kernel/story";
import { text } from "#kernel/wire";
import { workflowIdOf } from "#rules/stories/workflow-ids";
import { endOperation } from "./ending.ts";
import { presentProgress } from "./presenters.ts";
import { operationNotFound } from "./problems.ts";
import { OperationProgress, OperationRef } from "./schemas.ts";

/** Ends an operation that its story can take no further. One that has ended stays as it is. */
export const failOperation = internalEndpoint({
  route: createRoute({
    operationId: "internal.operations.fail",
    method: "post",
    path: "/internal/operations/fail",
    request: { body: jsonBody(OperationRef.extend({ error: text(500) })) },
    responses: {
      200: json(OperationProgress, "How far the operation had come"),
      ...problems(operationNotFound, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { tenant_id: tenantId, operation_id: id, error } = c.req.valid("json");
    const { repo, now } = await openForStory(c, tenantId, workflowIdOf.operation(id));
    const row = await changing(async () => {
      const before = await repo.operations.byId(id);
      if (!before) throw operationNotFound({});
      if (before.status !== "running") return before;
      const how = { status: "failed" as const, error, finishedAt: now };
      return (await endOperation(repo, before, how)) && { ...before, ...how };
    });
    return c.json(presentProgress(row), 200);
  },
});
