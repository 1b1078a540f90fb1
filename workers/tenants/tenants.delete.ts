import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { empty, idParam, operator, operatorEndpoint, problems } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { tenantNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { presentTenant } from "./presenters.ts";

export const deleteTenant = operatorEndpoint({
  route: createRoute({
    operationId: "tenants.delete",
    method: "delete",
    path: "/v1/tenants/{id}",
    security: operator(),
    summary: "Close a tenant",
    description: "Closes the tenant and its sandbox: every key of theirs is refused from now on. What they own is kept.",
    request: { params: idParam("ten") },
    responses: { 204: empty("The tenant is closed"), ...problems(tenantNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { platform, now } = c.var;
    const { id } = c.req.valid("param");
    await changing(async () => {
      const before = await platform.tenants.byId(id);
      if (!before) throw tenantNotFound({});
      const row = { ...before, closedAt: now, updatedAt: now };
      return platform.tenants.update(row, { facts: [fact("tenant.closed", presentTenant(row))], answer: [204, null] });
    });
    return c.body(null, 204);
  },
});
