import { createRoute } from "@hono/zod-openapi";
import { asTaken } from "#kernel/changing";
import { endpoint, idParam, json, optionalJsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { productArchived, productNotFound, templateNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { externalIdTaken } from "#kernel/problems";
import { presentTemplate } from "./presenters.ts";
import { Template, TemplateCopy } from "./schemas.ts";

export const duplicateTemplate = endpoint({
  route: createRoute({
    operationId: "templates.duplicate",
    method: "post",
    path: "/v1/templates/{id}/duplicate",
    security: scope("templates:write"),
    summary: "Duplicate a template",
    description: "The copy begins at revision 1 with the newest terms, for the same product or another one.",
    request: { params: idParam("tpl"), body: optionalJsonBody(TemplateCopy) },
    responses: {
      201: json(Template, "The copy"),
      ...problems(templateNotFound, productNotFound, productArchived, externalIdTaken),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const body = c.req.valid("json");
    const original = await repo.templates.byId(c.req.valid("param").id);
    if (!original) throw templateNotFound({});
    const product = body.product_id === undefined ? { id: original.productId } : await repo.products.byIdOrCode(body.product_id);
    if (!product) throw productNotFound({});

    const copy = {
      ...original,
      id: newId("template", repo.shard, c.var.realNow),
      productId: product.id,
      name: body.name ?? `${original.name.slice(0, 193).toWellFormed()} (copy)`,
      description: body.description === undefined ? original.description : body.description,
      rev: 1,
      archivedAt: null,
      ...newOwned({ external_id: body.external_id, metadata: body.metadata ?? original.metadata }, now),
    };
    const shown = presentTemplate(copy);
    const told = { facts: [fact("template.created", shown)], answer: [201, shown] as const };
    const inserted = await repo.templates.insert(copy, told).catch(asTaken({}));
    if (!inserted) throw productArchived({});
    return c.json(shown, 201);
  },
});
