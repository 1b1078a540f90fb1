import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentPlan } from "./presenters.ts";
import { planNotFound } from "./problems.ts";
import { Plan } from "./schemas.ts";

export const getPlan = endpoint({
  route: createRoute({
    operationId: "plans.get",
    method: "get",
    path: "/v1/plans/{id}",
    security: scope("plans:read"),
    summary: "Get a plan",
    request: { params: idParam("pln") },
    responses: { 200: json(Plan, "The plan"), ...problems(planNotFound) },
  }),

  handler: async (c) => {
    const plan = await c.var.repo.plans.byId(c.req.valid("param").id);
    if (!plan) throw planNotFound({});
    return c.json(presentPlan(plan), 200);
  },
});
