import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentTemplate } from "./presenters.ts";
import { Template, TemplateQuery } from "./schemas.ts";

export const listTemplates = endpoint({
  route: createRoute({
    operationId: "templates.list",
    method: "get",
    path: "/v1/templates",
    security: scope("templates:read"),
    summary: "List templates",
    description: "Newest first, each with the terms of its newest revision.",
    request: { query: TemplateQuery },
    responses: { 200: json(listOf(Template), "A page of templates"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { product_id: productId, type, external_id: externalId, archived } = query;
    const found = await repo.templates.list(page, { productId, type, externalId, archived });
    return c.json(await presentPage(repo.tenantId, query, found, presentTemplate), 200);
  },
});
