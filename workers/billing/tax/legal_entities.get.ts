import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { legalEntityNotFound } from "#kernel/not-found";
import { presentLegalEntity } from "./presenters.ts";
import { LegalEntity } from "./schemas.ts";

export const getLegalEntity = endpoint({
  route: createRoute({
    operationId: "legal_entities.get",
    method: "get",
    path: "/v1/legal_entities/{id}",
    security: scope("legal_entities:read"),
    summary: "Get a legal entity",
    request: { params: idParam("len") },
    responses: { 200: json(LegalEntity, "The legal entity"), ...problems(legalEntityNotFound) },
  }),

  handler: async (c) => {
    const entity = await c.var.repo.legalEntities.byId(c.req.valid("param").id);
    if (!entity) throw legalEntityNotFound({});
    return c.json(presentLegalEntity(entity), 200);
  },
});
