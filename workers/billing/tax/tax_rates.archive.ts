import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { presentTaxRate } from "./presenters.ts";
import { taxRateNotFound } from "./problems.ts";
import { TaxRate } from "./schemas.ts";

export const archiveTaxRate = endpoint({
  route: createRoute({
    operationId: "tax_rates.archive",
    method: "post",
    path: "/v1/tax_rates/{id}/archive",
    security: scope("tax_rates:write"),
    summary: "Archive a tax rate",
    description: "Nothing more is taxed at it, on any day; documents keep what they said.",
    request: { params: idParam("tax") },
    responses: { 200: json(TaxRate, "The archived tax rate"), ...problems(taxRateNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const rate = await changing(async () => {
      const before = await repo.taxRates.byId(id);
      if (!before) throw taxRateNotFound({});
      if (before.archivedAt !== null) return presentTaxRate(before);

      const row = { ...before, archivedAt: now, updatedAt: now };
      const after = presentTaxRate(row);
      const told = { facts: [changeFact("tax_rate.archived", presentTaxRate(before), after)], answer: [200, after] as const };
      return (await repo.taxRates.update(row, told)) && after;
    });
    return c.json(rate, 200);
  },
});
