import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { productNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { presentProduct } from "./presenters.ts";
import { Product } from "./schemas.ts";

export const archiveProduct = endpoint({
  route: createRoute({
    operationId: "products.archive",
    method: "post",
    path: "/v1/products/{id}/archive",
    security: scope("products:write"),
    summary: "Archive a product",
    description: "It takes no new templates, licenses or orders; what it has already goes on.",
    request: { params: idParam("prod") },
    responses: { 200: json(Product, "The archived product"), ...problems(productNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const product = await changing(async () => {
      const before = await repo.products.byId(id);
      if (!before) throw productNotFound({});
      if (before.archivedAt !== null) return presentProduct(before);

      const row = { ...before, archivedAt: now, updatedAt: now };
      const after = presentProduct(row);
      const told = { facts: [changeFact("product.archived", presentProduct(before), after)], answer: [200, after] as const };
      return (await repo.products.update(row, told)) && after;
    });
    return c.json(product, 200);
  },
});
