import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { featureNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { presentFeature } from "./presenters.ts";
import { Feature } from "./schemas.ts";

export const archiveFeature = endpoint({
  route: createRoute({
    operationId: "features.archive",
    method: "post",
    path: "/v1/features/{id}/archive",
    security: scope("features:write"),
    summary: "Archive a feature",
    description: "It is given to nobody new; rights to it that were given before go on.",
    request: { params: idParam("fea") },
    responses: { 200: json(Feature, "The archived feature"), ...problems(featureNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const feature = await changing(async () => {
      const before = await repo.features.byId(id);
      if (!before) throw featureNotFound({});
      if (before.archivedAt !== null) return presentFeature(before);

      const row = { ...before, archivedAt: now, updatedAt: now };
      const after = presentFeature(row);
      const told = { facts: [changeFact("feature.archived", presentFeature(before), after)], answer: [200, after] as const };
      return (await repo.features.update(row, told)) && after;
    });
    return c.json(feature, 200);
  },
});
