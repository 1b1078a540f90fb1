import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { productNotFound } from "#kernel/not-found";
import { presentManifest } from "./presenters.ts";
import { productVersionNotFound } from "./problems.ts";
import { Manifest, ProductVersionParam } from "./schemas.ts";

export const getManifest = endpoint({
  route: createRoute({
    operationId: "product_versions.get_manifest",
    method: "get",
    path: "/v1/products/{id}/versions/{version}/manifest",
    security: scope("products:read"),
    summary: "Get the files of a version",
    description: "An empty list where none were registered.",
    request: { params: ProductVersionParam },
    responses: { 200: json(Manifest, "The files as they are compared"), ...problems(productNotFound, productVersionNotFound) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { id, version } = c.req.valid("param");
    const product = await repo.products.byId(id);
    if (!product) throw productNotFound({});
    const row = await repo.productVersions.byVersion(product.id, version);
    if (!row) throw productVersionNotFound({});
    return c.json(presentManifest(row), 200);
  },
});
