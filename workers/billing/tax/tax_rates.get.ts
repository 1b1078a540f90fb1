import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentTaxRate } from "./presenters.ts";
import { taxRateNotFound } from "./problems.ts";
import { TaxRate } from "./schemas.ts";

export const getTaxRate = endpoint({
  route: createRoute({
    operationId: "tax_rates.get",
    method: "get",
    path: "/v1/tax_rates/{id}",
    security: scope("tax_rates:read"),
    summary: "Get a tax rate",
    request: { params: idParam("tax") },
    responses: { 200: json(TaxRate, "The tax rate"), ...problems(taxRateNotFound) },
  }),

  handler: async (c) => {
    const rate = await c.var.repo.taxRates.byId(c.req.valid("param").id);
    if (!rate) throw taxRateNotFound({});
    return c.json(presentTaxRate(rate), 200);
  },
});
