import { createRoute } from "@hono/zod-openapi";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { featureNotFound } from "#kernel/not-found";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { presentFeature } from "./presenters.ts";
import { featureCodeTaken } from "./problems.ts";
import { Feature, FeaturePatch } from "./schemas.ts";

export const updateFeature = endpoint({
  route: createRoute({
    operationId: "features.update",
    method: "patch",
    path: "/v1/features/{id}",
    security: scope("features:write"),
    summary: "Change a feature",
    description: "Fields that are left out stay as they are. Rights that were given keep the code that the feature had then.",
    request: { params: idParam("fea"), body: jsonBody(FeaturePatch) },
    responses: {
      200: json(Feature, "The feature as it is now"),
      ...problems(featureNotFound, featureCodeTaken, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");

    const feature = await changing(async () => {
      const before = await repo.features.byId(id);
      if (!before) throw featureNotFound({});
      const row = {
        ...before,
        code: body.code ?? before.code,
        name: body.name ?? before.name,
        description: body.description === undefined ? before.description : body.description,
        ...changedOwned(before, body, now),
      };
      const after = presentFeature(row);
      const told = { facts: [changeFact("feature.updated", presentFeature(before), after)], answer: [200, after] as const };
      return (await repo.features.update(row, told)) && after;
    }).catch(asTaken({ code: () => featureCodeTaken({ code: body.code ?? "" }) }));
    return c.json(feature, 200);
  },
});
