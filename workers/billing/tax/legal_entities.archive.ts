import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { legalEntityNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { presentLegalEntity } from "./presenters.ts";
import { legalEntityIsDefault } from "./problems.ts";
import { LegalEntity } from "./schemas.ts";

export const archiveLegalEntity = endpoint({
  route: createRoute({
    operationId: "legal_entities.archive",
    method: "post",
    path: "/v1/legal_entities/{id}/archive",
    security: scope("legal_entities:write"),
    summary: "Archive a legal entity",
    description: "It is nobody's choice any more; its documents stay, and no other takes its number series.",
    request: { params: idParam("len") },
    responses: {
      200: json(LegalEntity, "The archived legal entity"),
      ...problems(legalEntityNotFound, legalEntityIsDefault, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const entity = await changing(async () => {
      const all = await repo.legalEntities.all();
      const before = all.find((each) => each.id === id);
      if (!before) throw legalEntityNotFound({});
      if (before.archivedAt !== null) return presentLegalEntity(before);
      if (before.isDefault) throw legalEntityIsDefault({});

      const row = { ...before, archivedAt: now, updatedAt: now };
      const after = presentLegalEntity(row);
      const told = {
        facts: [changeFact("legal_entity.archived", presentLegalEntity(before), after)],
        answer: [200, after] as const,
      };
      return (await repo.legalEntities.update([row], all, told)) && after;
    });
    return c.json(entity, 200);
  },
});
