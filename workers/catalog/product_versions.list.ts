import { createRoute } from "@hono/zod-openapi";
import type { ProductVersionRow } from "#db/catalog/product-versions";
import { endpoint, idParam, json, listOf, problems, scope } from "#kernel/endpoint";
import { productNotFound } from "#kernel/not-found";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentProductVersion } from "./presenters.ts";
import { ProductVersion, ProductVersionQuery } from "./schemas.ts";

export const listProductVersions = endpoint({
  route: createRoute({
    operationId: "product_versions.list",
    method: "get",
    path: "/v1/products/{id}/versions",
    security: scope("products:read"),
    summary: "List a product's versions",
    description: "The one released last first.",
    request: { params: idParam("prod"), query: ProductVersionQuery },
    responses: { 200: json(listOf(ProductVersion), "A page of versions"), ...problems(productNotFound, invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const product = await repo.products.byId(c.req.valid("param").id);
    if (!product) throw productNotFound({});

    // the cursor is bound to the product, as it is to filters
    const query = { ...c.req.valid("query"), product: product.id };
    const { limit, before } = await pageAsked(repo.tenantId, query);
    const found = await repo.productVersions.list(product.id, limit, before === null ? null : placeIn(before));
    const rows = found.rows.map((row) => ({ ...row, id: placeOf(row) }));
    return c.json(await presentPage(repo.tenantId, query, { ...found, rows }, presentProductVersion), 200);
  },
});

/** Where a version stands in the list. */
const placeOf = ({ releasedAt, version }: ProductVersionRow) => `${releasedAt.getTime()}:${version}`;

function placeIn(cursor: string): { releasedAt: Date; version: string } {
  const [, releasedAt, version] = /^(\d{1,15}):(.+)$/.exec(cursor) ?? [];
  if (releasedAt === undefined || version === undefined) throw invalidCursor({});
  return { releasedAt: new Date(Number(releasedAt)), version };
}
