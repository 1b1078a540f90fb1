import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentLegalEntity } from "./presenters.ts";
import { LegalEntity, LegalEntityQuery } from "./schemas.ts";

export const listLegalEntities = endpoint({
  route: createRoute({
    operationId: "legal_entities.list",
    method: "get",
    path: "/v1/legal_entities",
    security: scope("legal_entities:read"),
    summary: "List legal entities",
    description: "Newest first.",
    request: { query: LegalEntityQuery },
    responses: { 200: json(listOf(LegalEntity), "A page of legal entities"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { external_id: externalId, archived } = query;
    const found = await repo.legalEntities.list(page, { externalId, archived });
    return c.json(await presentPage(repo.tenantId, query, found, presentLegalEntity), 200);
  },
});
