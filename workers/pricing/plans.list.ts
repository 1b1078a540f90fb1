import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentPlan } from "./presenters.ts";
import { Plan, PlanQuery } from "./schemas.ts";

export const listPlans = endpoint({
  route: createRoute({
    operationId: "plans.list",
    method: "get",
    path: "/v1/plans",
    security: scope("plans:read"),
    summary: "List plans",
    description: "Newest first.",
    request: { query: PlanQuery },
    responses: { 200: json(listOf(Plan), "A page of plans"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { product_id: productId, code, external_id: externalId, archived } = query;
    const found = await repo.plans.list(page, { productId, code, externalId, archived });
    return c.json(await presentPage(repo.tenantId, query, found, presentPlan), 200);
  },
});
