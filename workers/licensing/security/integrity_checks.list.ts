import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentIntegrityCheck } from "./presenters.ts";
import { IntegrityCheck, IntegrityCheckQuery } from "./schemas.ts";

export const listIntegrityChecks = endpoint({
  route: createRoute({
    operationId: "integrity_checks.list",
    method: "get",
    path: "/v1/integrity_checks",
    security: scope("integrity_checks:read"),
    summary: "List integrity checks",
    description: "Newest first. Checks are kept for 90 days.",
    request: { query: IntegrityCheckQuery },
    responses: { 200: json(listOf(IntegrityCheck), "A page of checks"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { license_id: licenseId, activation_id: activationId, passed } = query;
    const found = await repo.integrityChecks.list(page, { licenseId, activationId, passed });
    return c.json(await presentPage(repo.tenantId, query, found, presentIntegrityCheck), 200);
  },
});
