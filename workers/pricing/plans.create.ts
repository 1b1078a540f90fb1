import { createRoute } from "@hono/zod-openapi";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { productArchived, productNotFound, templateArchived, templateNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { externalIdTaken } from "#kernel/problems";
import { belongingsOf } from "./naming.ts";
import { presentPlan } from "./presenters.ts";
import { planCodeTaken } from "./problems.ts";
import { NewPlan, Plan } from "./schemas.ts";

export const createPlan = endpoint({
  route: createRoute({
    operationId: "plans.create",
    method: "post",
    path: "/v1/plans",
    security: scope("plans:write"),
    summary: "Create a plan",
    description: "What a customer subscribes to. How much it costs stands in its prices.",
    request: { body: jsonBody(NewPlan) },
    responses: {
      201: json(Plan, "The plan"),
      ...problems(productNotFound, productArchived, templateNotFound, templateArchived, planCodeTaken, externalIdTaken),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const body = c.req.valid("json");
    const row = {
      tenantId: repo.tenantId,
      id: newId("plan", repo.shard, c.var.realNow),
      ...(await belongingsOf(repo, body, { productId: null, templateId: null })),
      code: body.code ?? null,
      name: body.name,
      description: body.description ?? null,
      highlights: body.highlights ?? [],
      taxCategory: body.tax_category ?? "standard",
      isPublic: body.is_public ?? true,
      position: body.position ?? 0,
      archivedAt: null,
      ...newOwned(body, now),
    };
    const plan = presentPlan(row);
    await repo.plans
      .insert(row, { facts: [fact("plan.created", plan)], answer: [201, plan] })
      .catch(asTaken({ code: () => planCodeTaken({ code: body.code ?? "" }) }));
    return c.json(plan, 201);
  },
});
