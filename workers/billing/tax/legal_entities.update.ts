import { createRoute } from "@hono/zod-openapi";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { legalEntityNotFound } from "#kernel/not-found";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { entityWith, judgeSeries } from "./judging.ts";
import { presentLegalEntity } from "./presenters.ts";
import { seriesTaken } from "./problems.ts";
import { LegalEntity, LegalEntityPatch } from "./schemas.ts";

export const updateLegalEntity = endpoint({
  route: createRoute({
    operationId: "legal_entities.update",
    method: "patch",
    path: "/v1/legal_entities/{id}",
    security: scope("legal_entities:write"),
    summary: "Change a legal entity",
    description:
      "Fields that are left out stay as they are. A new prefix begins a new series; what is numbered already keeps its number, and final documents say what they said.",
    request: { params: idParam("len"), body: jsonBody(LegalEntityPatch) },
    responses: {
      200: json(LegalEntity, "The legal entity as it is now"),
      ...problems(legalEntityNotFound, seriesTaken, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");

    const entity = await changing(async () => {
      const all = await repo.legalEntities.all();
      const before = all.find((each) => each.id === id);
      if (!before) throw legalEntityNotFound({});
      const row = { ...entityWith(before, body), ...changedOwned(before, body, now) };
      await judgeSeries(repo, row, all);
      const after = presentLegalEntity(row);
      const told = {
        facts: [changeFact("legal_entity.updated", presentLegalEntity(before), after)],
        answer: [200, after] as const,
      };
      return (await repo.legalEntities.update([row], all, told)) && after;
    }).catch(asTaken({}));
    return c.json(entity, 200);
  },
});
