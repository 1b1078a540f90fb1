import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { templateNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { presentTemplate } from "./presenters.ts";
import { Template } from "./schemas.ts";

export const archiveTemplate = endpoint({
  route: createRoute({
    operationId: "templates.archive",
    method: "post",
    path: "/v1/templates/{id}/archive",
    security: scope("templates:write"),
    summary: "Archive a template",
    description: "It makes no new licenses and takes no new orders; licenses made from it go on.",
    request: { params: idParam("tpl") },
    responses: { 200: json(Template, "The archived template"), ...problems(templateNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const template = await changing(async () => {
      const before = await repo.templates.byId(id);
      if (!before) throw templateNotFound({});
      if (before.archivedAt !== null) return presentTemplate(before);

      const row = { ...before, archivedAt: now, updatedAt: now };
      const after = presentTemplate(row);
      const told = { facts: [changeFact("template.archived", presentTemplate(before), after)], answer: [200, after] as const };
      return (await repo.templates.update(row, { revised: false }, told)) && after;
    });
    return c.json(template, 200);
  },
});
