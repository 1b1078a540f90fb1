import { createRoute } from "@hono/zod-openapi";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { featureArchived, featureNotFound, productArchived, productNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { externalIdTaken } from "#kernel/problems";
import { refuseUnsoundTerms, termsFromWire } from "#kernel/terms";
import { termsWithDefaults } from "#rules/licensing/terms";
import { settingsOf } from "#rules/tenants/settings";
import { presentTemplate } from "./presenters.ts";
import { NewTemplate, Template } from "./schemas.ts";

export const createTemplate = endpoint({
  route: createRoute({
    operationId: "templates.create",
    method: "post",
    path: "/v1/templates",
    security: scope("templates:write"),
    summary: "Create a template",
    description: "A blueprint for licenses. Its terms are revision 1; each change of them is a revision more.",
    request: { body: jsonBody(NewTemplate) },
    responses: {
      201: json(Template, "The template with all of its terms"),
      ...problems(productNotFound, productArchived, featureNotFound, featureArchived, externalIdTaken),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const body = c.req.valid("json");
    const product = await repo.products.byIdOrCode(body.product_id);
    if (!product) throw productNotFound({});

    const { type, model } = body;
    const said = await termsFromWire(repo, body);
    const terms = termsWithDefaults({ ...said, type, model, gracePeriod: said.gracePeriod ?? tenantsGrace() });
    refuseUnsoundTerms(terms);

    const template = {
      tenantId: repo.tenantId,
      id: newId("template", repo.shard, c.var.realNow),
      productId: product.id,
      name: body.name,
      description: body.description ?? null,
      type,
      model,
      rev: 1,
      terms,
      archivedAt: null,
      ...newOwned(body, now),
    };
    const shown = presentTemplate(template);
    const told = { facts: [fact("template.created", shown)], answer: [201, shown] as const };
    const inserted = await repo.templates.insert(template, told).catch(asTaken({}));
    if (!inserted) throw productArchived({});
    return c.json(shown, 201);

    /** What holds where the template names none; who only tries has no grace, whatever the tenant grants to buyers. */
    function tenantsGrace(): string | undefined {
      const onTrial = type === "trial" || type === "evaluation";
      return onTrial ? undefined : settingsOf(repo.tenant.settings).licensing.grace_period;
    }
  },
});
