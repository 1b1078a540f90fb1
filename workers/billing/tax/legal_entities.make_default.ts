import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { legalEntityNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { presentLegalEntity } from "./presenters.ts";
import { legalEntityArchived } from "./problems.ts";
import { LegalEntity } from "./schemas.ts";

export const makeLegalEntityDefault = endpoint({
  route: createRoute({
    operationId: "legal_entities.make_default",
    method: "post",
    path: "/v1/legal_entities/{id}/make_default",
    security: scope("legal_entities:write"),
    summary: "Make a legal entity the default one",
    description: "From now on it sells whatever names no seller. Documents and drafts that there are keep theirs.",
    request: { params: idParam("len") },
    responses: {
      200: json(LegalEntity, "The legal entity that is the default now"),
      ...problems(legalEntityNotFound, legalEntityArchived, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const entity = await changing(async () => {
      const all = await repo.legalEntities.all();
      const before = all.find((each) => each.id === id);
      if (!before) throw legalEntityNotFound({});
      if (before.archivedAt !== null) throw legalEntityArchived({});
      if (before.isDefault) return presentLegalEntity(before);

      // the former one first: there is one default at any time
      const former = all.filter(({ isDefault }) => isDefault);
      const changes = [
        ...former.map((each) => ({ from: each, to: { ...each, isDefault: false, updatedAt: now } })),
        { from: before, to: { ...before, isDefault: true, updatedAt: now } },
      ];
      const after = presentLegalEntity({ ...before, isDefault: true, updatedAt: now });
      const told = {
        facts: changes.map(({ from, to }) =>
          changeFact("legal_entity.updated", presentLegalEntity(from), presentLegalEntity(to)),
        ),
        answer: [200, after] as const,
      };
      const rows = changes.map(({ to }) => to);
      return (await repo.legalEntities.update(rows, all, told)) && after;
    });
    return c.json(entity, 200);
  },
});
