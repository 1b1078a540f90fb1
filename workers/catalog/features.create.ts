import { createRoute } from "@hono/zod-openapi";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { newOwned } from "#kernel/present";
import { externalIdTaken } from "#kernel/problems";
import { presentFeature } from "./presenters.ts";
import { featureCodeTaken } from "./problems.ts";
import { Feature, NewFeature } from "./schemas.ts";

export const createFeature = endpoint({
  route: createRoute({
    operationId: "features.create",
    method: "post",
    path: "/v1/features",
    security: scope("features:write"),
    summary: "Create a feature",
    description: "What a product can do. Templates and licenses give rights to it by its id or code.",
    request: { body: jsonBody(NewFeature) },
    responses: { 201: json(Feature, "The feature"), ...problems(featureCodeTaken, externalIdTaken) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const body = c.req.valid("json");
    const row = {
      tenantId: repo.tenantId,
      id: newId("feature", repo.shard, c.var.realNow),
      code: body.code,
      name: body.name,
      description: body.description ?? null,
      archivedAt: null,
      ...newOwned(body, now),
    };
    const feature = presentFeature(row);
    await repo.features
      .insert(row, { facts: [fact("feature.created", feature)], answer: [201, feature] })
      .catch(asTaken({ code: () => featureCodeTaken({ code: body.code }) }));
    return c.json(feature, 201);
  },
});
