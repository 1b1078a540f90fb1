import { createRoute } from "@hono/zod-openapi";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { productArchived, productNotFound, templateArchived, templateNotFound } from "#kernel/not-found";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { belongingsOf } from "./naming.ts";
import { presentPlan } from "./presenters.ts";
import { planCodeTaken, planNotFound } from "./problems.ts";
import { Plan, PlanPatch } from "./schemas.ts";

export const updatePlan = endpoint({
  route: createRoute({
    operationId: "plans.update",
    method: "patch",
    path: "/v1/plans/{id}",
    security: scope("plans:write"),
    summary: "Change a plan",
    description: "Fields that are left out stay as they are; highlights are replaced as a whole.",
    request: { params: idParam("pln"), body: jsonBody(PlanPatch) },
    responses: {
      200: json(Plan, "The plan as it is now"),
      ...problems(
        planNotFound,
        productNotFound,
        productArchived,
        templateNotFound,
        templateArchived,
        planCodeTaken,
        externalIdTaken,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");

    const plan = await changing(async () => {
      const before = await repo.plans.byId(id);
      if (!before) throw planNotFound({});
      const row = {
        ...before,
        ...(await belongingsOf(repo, body, before)),
        code: body.code === undefined ? before.code : body.code,
        name: body.name ?? before.name,
        description: body.description === undefined ? before.description : body.description,
        highlights: body.highlights ?? before.highlights,
        taxCategory: body.tax_category ?? before.taxCategory,
        isPublic: body.is_public ?? before.isPublic,
        position: body.position ?? before.position,
        ...changedOwned(before, body, now),
      };
      const after = presentPlan(row);
      const told = { facts: [changeFact("plan.updated", presentPlan(before), after)], answer: [200, after] as const };
      return (await repo.plans.update(row, told)) && after;
    }).catch(asTaken({ code: () => planCodeTaken({ code: body.code ?? "" }) }));
    return c.json(plan, 200);
  },
});
