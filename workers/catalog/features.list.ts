import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentFeature } from "./presenters.ts";
import { Feature, FeatureQuery } from "./schemas.ts";

export const listFeatures = endpoint({
  route: createRoute({
    operationId: "features.list",
    method: "get",
    path: "/v1/features",
    security: scope("features:read"),
    summary: "List features",
    description: "Newest first.",
    request: { query: FeatureQuery },
    responses: { 200: json(listOf(Feature), "A page of features"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { code, external_id: externalId, archived } = query;
    const found = await repo.features.list(page, { code, externalId, archived });
    return c.json(await presentPage(repo.tenantId, query, found, presentFeature), 200);
  },
});
