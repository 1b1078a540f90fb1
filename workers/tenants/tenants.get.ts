import { createRoute } from "@hono/zod-openapi";
import { idParam, json, operator, operatorEndpoint, problems } from "#kernel/endpoint";
import { tenantNotFound } from "#kernel/not-found";
import { presentTenant } from "./presenters.ts";
import { Tenant } from "./schemas.ts";

export const getTenant = operatorEndpoint({
  route: createRoute({
    operationId: "tenants.get",
    method: "get",
    path: "/v1/tenants/{id}",
    security: operator(),
    summary: "Get a tenant",
    request: { params: idParam("ten") },
    responses: { 200: json(Tenant, "The tenant"), ...problems(tenantNotFound) },
  }),

  handler: async (c) => {
    const tenant = await c.var.platform.tenants.byId(c.req.valid("param").id);
    if (!tenant) throw tenantNotFound({});
    return c.json(presentTenant(tenant), 200);
  },
});
