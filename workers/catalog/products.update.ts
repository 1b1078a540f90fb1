import { createRoute } from "@hono/zod-openapi";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { featureArchived, featureNotFound, productNotFound } from "#kernel/not-found";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { entitlementsFromWire } from "#kernel/terms";
import { presentProduct } from "./presenters.ts";
import { productCodeTaken } from "./problems.ts";
import { Product, ProductPatch } from "./schemas.ts";

export const updateProduct = endpoint({
  route: createRoute({
    operationId: "products.update",
    method: "patch",
    path: "/v1/products/{id}",
    security: scope("products:write"),
    summary: "Change a product",
    description: "Fields that are left out stay as they are; default_entitlements are replaced as a whole.",
    request: { params: idParam("prod"), body: jsonBody(ProductPatch) },
    responses: {
      200: json(Product, "The product as it is now"),
      ...problems(productNotFound, featureNotFound, featureArchived, productCodeTaken, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");

    const product = await changing(async () => {
      const before = await repo.products.byId(id);
      if (!before) throw productNotFound({});
      const held = before.defaultEntitlements;
      const row = {
        ...before,
        code: body.code ?? before.code,
        name: body.name ?? before.name,
        description: body.description === undefined ? before.description : body.description,
        defaultEntitlements: body.default_entitlements
          ? await entitlementsFromWire(repo, body.default_entitlements, { at: "/default_entitlements", held })
          : held,
        ...changedOwned(before, body, now),
      };
      const after = presentProduct(row);
      const told = { facts: [changeFact("product.updated", presentProduct(before), after)], answer: [200, after] as const };
      return (await repo.products.update(row, told)) && after;
    }).catch(asTaken({ code: () => productCodeTaken({ code: body.code ?? "" }) }));
    return c.json(product, 200);
  },
});
