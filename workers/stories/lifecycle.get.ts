import { createRoute } from "@hono/zod-openapi";
import { idParam, json, operator, operatorEndpoint, problems } from "#kernel/endpoint";
import { presentLifecycleRun } from "./presenters.ts";
import { lifecycleRunNotFound } from "./problems.ts";
import { LifecycleRun } from "./schemas.ts";

export const getLifecycleRun = operatorEndpoint({
  route: createRoute({
    operationId: "lifecycle.get",
    method: "get",
    path: "/v1/lifecycle/runs/{id}",
    security: operator(),
    summary: "See how far a sweep has come",
    request: { params: idParam("lcr") },
    responses: { 200: json(LifecycleRun, "The sweep"), ...problems(lifecycleRunNotFound) },
  }),

  handler: async (c) => {
    const row = await c.var.platform.lifecycle.byId(c.req.valid("param").id);
    if (!row) throw lifecycleRunNotFound({});
    return c.json(presentLifecycleRun(row), 200);
  },
});
