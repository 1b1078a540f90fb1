import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentEmergencyCode } from "./presenters.ts";
import { EmergencyCode, EmergencyCodeQuery } from "./schemas.ts";

export const listEmergencyCodes = endpoint({
  route: createRoute({
    operationId: "emergency_codes.list",
    method: "get",
    path: "/v1/emergency_codes",
    security: scope("emergency_codes:read"),
    summary: "List emergency codes",
    description: "Newest first, used and unused ones.",
    request: { query: EmergencyCodeQuery },
    responses: { 200: json(listOf(EmergencyCode), "A page of codes"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const found = await repo.emergencyCodes.list(page, { licenseId: query.license_id });
    return c.json(await presentPage(repo.tenantId, query, found, presentEmergencyCode), 200);
  },
});
