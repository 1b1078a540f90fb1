import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { presentPlan } from "./presenters.ts";
import { planNotFound } from "./problems.ts";
import { Plan } from "./schemas.ts";

export const archivePlan = endpoint({
  route: createRoute({
    operationId: "plans.archive",
    method: "post",
    path: "/v1/plans/{id}/archive",
    security: scope("plans:write"),
    summary: "Archive a plan",
    description: "It leaves the pricing page and takes no new prices; who subscribed to it goes on.",
    request: { params: idParam("pln") },
    responses: { 200: json(Plan, "The archived plan"), ...problems(planNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const plan = await changing(async () => {
      const before = await repo.plans.byId(id);
      if (!before) throw planNotFound({});
      if (before.archivedAt !== null) return presentPlan(before);

      const row = { ...before, archivedAt: now, updatedAt: now };
      const after = presentPlan(row);
      const told = { facts: [changeFact("plan.archived", presentPlan(before), after)], answer: [200, after] as const };
      return (await repo.plans.update(row, told)) && after;
    });
    return c.json(plan, 200);
  },
});
