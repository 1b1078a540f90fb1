import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentProduct } from "./presenters.ts";
import { Product, ProductQuery } from "./schemas.ts";

export const listProducts = endpoint({
  route: createRoute({
    operationId: "products.list",
    method: "get",
    path: "/v1/products",
    security: scope("products:read"),
    summary: "List products",
    description: "Newest first.",
    request: { query: ProductQuery },
    responses: { 200: json(listOf(Product), "A page of products"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { code, external_id: externalId, archived } = query;
    const found = await repo.products.list(page, { code, externalId, archived });
    return c.json(await presentPage(repo.tenantId, query, found, presentProduct), 200);
  },
});
