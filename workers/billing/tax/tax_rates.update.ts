import { createRoute } from "@hono/zod-openapi";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { judgeTaxRate } from "./judging.ts";
import { presentTaxRate } from "./presenters.ts";
import { taxRateNotFound, taxRateOverlaps } from "./problems.ts";
import { TaxRate, TaxRatePatch } from "./schemas.ts";

export const updateTaxRate = endpoint({
  route: createRoute({
    operationId: "tax_rates.update",
    method: "patch",
    path: "/v1/tax_rates/{id}",
    security: scope("tax_rates:write"),
    summary: "Change a tax rate",
    description:
      "Fields that are left out stay as they are. Place, goods and percentage never change: let the rate end, and make the next one begin that day. Documents keep the rate that they were made with.",
    request: { params: idParam("tax"), body: jsonBody(TaxRatePatch) },
    responses: {
      200: json(TaxRate, "The rate as it is now"),
      ...problems(taxRateNotFound, taxRateOverlaps, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");

    const rate = await changing(async () => {
      const before = await repo.taxRates.byId(id);
      if (!before) throw taxRateNotFound({});
      const row = {
        ...before,
        name: body.name ?? before.name,
        validFromOn: body.valid_from_on === undefined ? before.validFromOn : body.valid_from_on,
        validUntilOn: body.valid_until_on === undefined ? before.validUntilOn : body.valid_until_on,
        ...changedOwned(before, body, now),
      };
      if (row.archivedAt === null) await judgeTaxRate(repo, row);
      const after = presentTaxRate(row);
      const told = { facts: [changeFact("tax_rate.updated", presentTaxRate(before), after)], answer: [200, after] as const };
      return (await repo.taxRates.update(row, told)) && after;
    }).catch(asTaken({}));
    return c.json(rate, 200);
  },
});
