import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentTaxRate } from "./presenters.ts";
import { TaxRate, TaxRateQuery } from "./schemas.ts";

export const listTaxRates = endpoint({
  route: createRoute({
    operationId: "tax_rates.list",
    method: "get",
    path: "/v1/tax_rates",
    security: scope("tax_rates:read"),
    summary: "List tax rates",
    description: "Newest first.",
    request: { query: TaxRateQuery },
    responses: { 200: json(listOf(TaxRate), "A page of tax rates"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { country, external_id: externalId, archived } = query;
    const found = await repo.taxRates.list(page, { country, externalId, archived });
    return c.json(await presentPage(repo.tenantId, query, found, presentTaxRate), 200);
  },
});
