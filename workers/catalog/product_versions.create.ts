import { createRoute } from "@hono/zod-openapi";
import { asTaken } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { productNotFound } from "#kernel/not-found";
import { presentProductVersion } from "./presenters.ts";
import { productVersionTaken } from "./problems.ts";
import { NewProductVersion, ProductVersion } from "./schemas.ts";

export const createProductVersion = endpoint({
  route: createRoute({
    operationId: "product_versions.create",
    method: "post",
    path: "/v1/products/{id}/versions",
    security: scope("products:write"),
    summary: "Tell of a released version",
    description: "When a version came out decides whether a license's maintenance includes it.",
    request: { params: idParam("prod"), body: jsonBody(NewProductVersion) },
    responses: { 201: json(ProductVersion, "The version"), ...problems(productNotFound, productVersionTaken) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { version, released_at: releasedAt } = c.req.valid("json");
    const product = await repo.products.byId(c.req.valid("param").id);
    if (!product) throw productNotFound({});

    const row = { tenantId: repo.tenantId, productId: product.id, version, releasedAt, manifest: null, createdAt: now };
    const shown = presentProductVersion(row);
    await repo.productVersions
      .insert(row, { facts: [fact("product_version.created", shown)], answer: [201, shown] })
      .catch(asTaken({ version: () => productVersionTaken({ version }) }));
    return c.json(shown, 201);
  },
});
