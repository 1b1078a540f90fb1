import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, optionalJsonBody, problems, scope } from "#kernel/endpoint";
import { customerNotFound, revisionNotFound, templateNotFound } from "#kernel/not-found";
import { stageOf } from "#rules/licensing/operations";
import { previewOf } from "./previewing.ts";
import { tooManyOperations } from "./problems.ts";
import { Migration, Operation, OperationPreview } from "./schemas.ts";
import { startOperation } from "./starting.ts";

export const migrateTemplate = endpoint({
  route: createRoute({
    operationId: "templates.migrate",
    method: "post",
    path: "/v1/templates/{id}/migrate",
    security: scope("licenses:write"),
    summary: "Move licenses to another revision of their template",
    description:
      "All at once or in stages. What a license has of its own stays, and so does the end of the period that runs. A license whose seats are above the new limit is moved too, and says so in its result.",
    request: { params: idParam("tpl"), body: optionalJsonBody(Migration) },
    responses: {
      202: json(Operation, "The operation that does it"),
      200: json(OperationPreview, "With dry_run: what it would do"),
      ...problems(templateNotFound, revisionNotFound, customerNotFound, tooManyOperations),
    },
  }),

  handler: async (c) => {
    const { repo, caller, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");
    const template = await repo.templates.byId(id);
    if (!template) throw templateNotFound({});
    const toRev = body.to_rev ?? template.rev;
    if (toRev > template.rev) throw revisionNotFound({});
    const customerId = body.filter?.customer_id;
    if (customerId !== undefined && !(await repo.customers.byId(customerId))) throw customerNotFound({});

    const wanted = {
      customerId,
      templateId: id,
      fromRevs: body.from_revs,
      otherRevThan: toRev,
      stageBelow: body.stage && stageOf(body.stage.percent),
      upTo: null,
      madeUntil: now.getTime(),
    };
    const { total, newest } = await repo.operations.survey(wanted);
    const selection = { ...wanted, upTo: newest ?? "" };
    const params = { kind: "templates.migrate" as const, templateId: id, toRev, selection };
    if (body.dry_run) return c.json(await previewOf({ repo, now, by: caller.keyId }, params, total), 200);
    return c.json(await startOperation(c, params, total), 202);
  },
});
