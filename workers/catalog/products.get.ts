import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { productNotFound } from "#kernel/not-found";
import { presentProduct } from "./presenters.ts";
import { Product } from "./schemas.ts";

export const getProduct = endpoint({
  route: createRoute({
    operationId: "products.get",
    method: "get",
    path: "/v1/products/{id}",
    security: scope("products:read"),
    summary: "Get a product",
    request: { params: idParam("prod") },
    responses: { 200: json(Product, "The product"), ...problems(productNotFound) },
  }),

  handler: async (c) => {
    const product = await c.var.repo.products.byId(c.req.valid("param").id);
    if (!product) throw productNotFound({});
    return c.json(presentProduct(product), 200);
  },
});
