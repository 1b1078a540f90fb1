import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { productNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { normalFiles } from "#rules/licensing/security";
import { presentManifest, presentProductVersion } from "./presenters.ts";
import { productVersionNotFound } from "./problems.ts";
import { Manifest, NewManifest, ProductVersionParam } from "./schemas.ts";

export const putManifest = endpoint({
  route: createRoute({
    operationId: "product_versions.put_manifest",
    method: "put",
    path: "/v1/products/{id}/versions/{version}/manifest",
    security: scope("products:write"),
    summary: "Register the files of a version",
    description:
      "The whole list, in the place of the one before. Integrity checks compare with it what programs tell of their files.",
    request: { params: ProductVersionParam, body: jsonBody(NewManifest) },
    responses: {
      200: json(Manifest, "The files as they are compared"),
      ...problems(productNotFound, productVersionNotFound, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { id, version } = c.req.valid("param");
    const manifest = normalFiles(c.req.valid("json").files);
    const product = await repo.products.byId(id);
    if (!product) throw productNotFound({});

    const shown = await changing(async () => {
      const before = await repo.productVersions.byVersion(product.id, version);
      if (!before) throw productVersionNotFound({});
      const row = { ...before, manifest };
      const shown = presentManifest(row);
      const facts = [changeFact("product_version.updated", presentProductVersion(before), presentProductVersion(row))];
      return (await repo.productVersions.setManifest(row, { facts, answer: [200, shown] })) && shown;
    });
    return c.json(shown, 200);
  },
});
