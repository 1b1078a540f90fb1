import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentPrice } from "./presenters.ts";
import { Price, PriceQuery } from "./schemas.ts";

export const listPrices = endpoint({
  route: createRoute({
    operationId: "prices.list",
    method: "get",
    path: "/v1/prices",
    security: scope("prices:read"),
    summary: "List prices",
    description: "Newest first.",
    request: { query: PriceQuery },
    responses: { 200: json(listOf(Price), "A page of prices"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { plan_id: planId, external_id: externalId, archived } = query;
    const found = await repo.prices.list(page, { planId, externalId, archived });
    return c.json(await presentPage(repo.tenantId, query, found, presentPrice), 200);
  },
});
