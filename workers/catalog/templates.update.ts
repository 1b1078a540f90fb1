import { createRoute } from "@hono/zod-openapi";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { featureArchived, featureNotFound, templateNotFound } from "#kernel/not-found";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { storedTerms } from "#rules/licensing/terms";
import { presentTemplate } from "./presenters.ts";
import { revisedTerms } from "./revising.ts";
import { Template, TemplatePatch } from "./schemas.ts";

export const updateTemplate = endpoint({
  route: createRoute({
    operationId: "templates.update",
    method: "patch",
    path: "/v1/templates/{id}",
    security: scope("templates:write"),
    summary: "Change a template",
    description:
      "Fields that are left out stay as they are, lists are replaced as a whole. Changed terms are a new revision: licenses keep the one that they were made from.",
    request: { params: idParam("tpl"), body: jsonBody(TemplatePatch) },
    responses: {
      200: json(Template, "The template as it is now"),
      ...problems(templateNotFound, featureNotFound, featureArchived, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");

    const template = await changing(async () => {
      const before = await repo.templates.byId(id);
      if (!before) throw templateNotFound({});
      const terms = await revisedTerms(repo, before.terms, body);
      // both were built field by field in one order, so equal terms are equal texts
      const revised = JSON.stringify(terms) !== JSON.stringify(storedTerms(before.terms));
      const row = {
        ...before,
        name: body.name ?? before.name,
        description: body.description === undefined ? before.description : body.description,
        type: terms.type,
        model: terms.model,
        rev: revised ? before.rev + 1 : before.rev,
        terms,
        ...changedOwned(before, body, now),
      };
      const after = presentTemplate(row);
      const told = { facts: [changeFact("template.updated", presentTemplate(before), after)], answer: [200, after] as const };
      return (await repo.templates.update(row, { revised }, told)) && after;
    }).catch(asTaken({}));
    return c.json(template, 200);
  },
});
