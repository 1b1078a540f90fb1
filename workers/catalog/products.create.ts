import { createRoute } from "@hono/zod-openapi";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { featureArchived, featureNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { externalIdTaken } from "#kernel/problems";
import { entitlementsFromWire } from "#kernel/terms";
import { presentProduct } from "./presenters.ts";
import { productCodeTaken } from "./problems.ts";
import { NewProduct, Product } from "./schemas.ts";

export const createProduct = endpoint({
  route: createRoute({
    operationId: "products.create",
    method: "post",
    path: "/v1/products",
    security: scope("products:write"),
    summary: "Create a product",
    description: "What a tenant sells. Templates and licenses belong to one.",
    request: { body: jsonBody(NewProduct) },
    responses: {
      201: json(Product, "The product"),
      ...problems(featureNotFound, featureArchived, productCodeTaken, externalIdTaken),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const body = c.req.valid("json");
    const row = {
      tenantId: repo.tenantId,
      id: newId("product", repo.shard, c.var.realNow),
      code: body.code,
      name: body.name,
      description: body.description ?? null,
      defaultEntitlements: await entitlementsFromWire(repo, body.default_entitlements ?? [], { at: "/default_entitlements" }),
      archivedAt: null,
      ...newOwned(body, now),
    };
    const product = presentProduct(row);
    await repo.products
      .insert(row, { facts: [fact("product.created", product)], answer: [201, product] })
      .catch(asTaken({ code: () => productCodeTaken({ code: body.code }) }));
    return c.json(product, 201);
  },
});
