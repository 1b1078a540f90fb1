import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentIntegrityCheck } from "./presenters.ts";
import { integrityCheckNotFound } from "./problems.ts";
import { IntegrityCheck } from "./schemas.ts";

export const getIntegrityCheck = endpoint({
  route: createRoute({
    operationId: "integrity_checks.get",
    method: "get",
    path: "/v1/integrity_checks/{id}",
    security: scope("integrity_checks:read"),
    summary: "Get an integrity check",
    request: { params: idParam("ick") },
    responses: { 200: json(IntegrityCheck, "The check, with every file that differed"), ...problems(integrityCheckNotFound) },
  }),

  handler: async (c) => {
    const check = await c.var.repo.integrityChecks.byId(c.req.valid("param").id);
    if (!check) throw integrityCheckNotFound({});
    return c.json(presentIntegrityCheck(check), 200);
  },
});
