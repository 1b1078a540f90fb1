import { createRoute } from "@hono/zod-openapi";
import { json, listOf, operator, operatorEndpoint, problems } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentTenant } from "./presenters.ts";
import { Tenant, TenantQuery } from "./schemas.ts";

export const listTenants = operatorEndpoint({
  route: createRoute({
    operationId: "tenants.list",
    method: "get",
    path: "/v1/tenants",
    security: operator(),
    summary: "List tenants",
    description: "Newest first; each with its sandbox's id.",
    request: { query: TenantQuery },
    responses: { 200: json(listOf(Tenant), "A page of tenants"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const query = c.req.valid("query");
    const page = await pageAsked("operator", query);
    const found = await c.var.platform.tenants.list(page, { slug: query.slug, externalId: query.external_id });
    return c.json(await presentPage("operator", query, found, presentTenant), 200);
  },
});
