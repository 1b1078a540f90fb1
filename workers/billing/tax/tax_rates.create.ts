import { createRoute } from "@hono/zod-openapi";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { newOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { judgeTaxRate } from "./judging.ts";
import { presentTaxRate } from "./presenters.ts";
import { taxRateOverlaps } from "./problems.ts";
import { NewTaxRate, TaxRate } from "./schemas.ts";

export const createTaxRate = endpoint({
  route: createRoute({
    operationId: "tax_rates.create",
    method: "post",
    path: "/v1/tax_rates",
    security: scope("tax_rates:write"),
    summary: "Create a tax rate",
    description:
      "A rate of yours for a place and a kind of goods, for as long as it is valid. On any day one rate at most is valid for the same place and goods.",
    request: { body: jsonBody(NewTaxRate) },
    responses: { 201: json(TaxRate, "The rate"), ...problems(taxRateOverlaps, externalIdTaken, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const body = c.req.valid("json");
    const row = {
      tenantId: repo.tenantId,
      id: newId("tax_rate", repo.shard, c.var.realNow),
      name: body.name,
      country: body.country,
      state: body.state ?? null,
      taxCategory: body.tax_category,
      category: body.category ?? (Number(body.percent) === 0 ? "Z" : "S"),
      percent: body.percent,
      validFromOn: body.valid_from_on ?? null,
      validUntilOn: body.valid_until_on ?? null,
      archivedAt: null,
      ...newOwned(body, now),
    };
    const rate = presentTaxRate(row);
    await changing(async () => {
      await judgeTaxRate(repo, row);
      return repo.taxRates.insert(row, { facts: [fact("tax_rate.created", rate)], answer: [201, rate] });
    }).catch(asTaken({}));
    return c.json(rate, 201);
  },
});
