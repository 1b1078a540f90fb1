import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { featureNotFound } from "#kernel/not-found";
import { presentFeature } from "./presenters.ts";
import { Feature } from "./schemas.ts";

export const getFeature = endpoint({
  route: createRoute({
    operationId: "features.get",
    method: "get",
    path: "/v1/features/{id}",
    security: scope("features:read"),
    summary: "Get a feature",
    request: { params: idParam("fea") },
    responses: { 200: json(Feature, "The feature"), ...problems(featureNotFound) },
  }),

  handler: async (c) => {
    const feature = await c.var.repo.features.byId(c.req.valid("param").id);
    if (!feature) throw featureNotFound({});
    return c.json(presentFeature(feature), 200);
  },
});
