import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, listOf, problems, scope } from "#kernel/endpoint";
import { templateNotFound } from "#kernel/not-found";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentTemplateRevision } from "./presenters.ts";
import { TemplateRevision, TemplateRevisionQuery } from "./schemas.ts";

export const listTemplateRevisions = endpoint({
  route: createRoute({
    operationId: "templates.list_revisions",
    method: "get",
    path: "/v1/templates/{id}/revisions",
    security: scope("templates:read"),
    summary: "List a template's revisions",
    description: "Newest first: the terms as they stood at each.",
    request: { params: idParam("tpl"), query: TemplateRevisionQuery },
    responses: { 200: json(listOf(TemplateRevision), "A page of revisions"), ...problems(templateNotFound, invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const template = await repo.templates.byId(c.req.valid("param").id);
    if (!template) throw templateNotFound({});

    // the cursor is bound to the template, as it is to filters
    const query = { ...c.req.valid("query"), template: template.id };
    const { limit, before } = await pageAsked(repo.tenantId, query);
    const found = await repo.templateRevisions.list(template.id, limit, before === null ? null : revIn(before));
    const rows = found.rows.map((row) => ({ ...row, id: String(row.rev) }));
    return c.json(await presentPage(repo.tenantId, query, { ...found, rows }, presentTemplateRevision), 200);
  },
});

function revIn(cursor: string): number {
  if (!/^\d{1,9}$/.test(cursor)) throw invalidCursor({});
  return Number(cursor);
}
