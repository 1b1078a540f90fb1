import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { templateNotFound } from "#kernel/not-found";
import { presentTemplate } from "./presenters.ts";
import { Template } from "./schemas.ts";

export const getTemplate = endpoint({
  route: createRoute({
    operationId: "templates.get",
    method: "get",
    path: "/v1/templates/{id}",
    security: scope("templates:read"),
    summary: "Get a template",
    description: "With the terms of its newest revision.",
    request: { params: idParam("tpl") },
    responses: { 200: json(Template, "The template"), ...problems(templateNotFound) },
  }),

  handler: async (c) => {
    const template = await c.var.repo.templates.byId(c.req.valid("param").id);
    if (!template) throw templateNotFound({});
    return c.json(presentTemplate(template), 200);
  },
});
