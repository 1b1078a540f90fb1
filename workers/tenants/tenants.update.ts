import { createRoute } from "@hono/zod-openapi";
import { asTaken, changing } from "#kernel/changing";
import { idParam, json, jsonBody, operator, operatorEndpoint, problems } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { tenantNotFound } from "#kernel/not-found";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { presentTenant } from "./presenters.ts";
import { slugTaken } from "./problems.ts";
import { Tenant, TenantPatch } from "./schemas.ts";

export const updateTenant = operatorEndpoint({
  route: createRoute({
    operationId: "tenants.update",
    method: "patch",
    path: "/v1/tenants/{id}",
    security: operator(),
    summary: "Change a tenant",
    description:
      "Fields that are left out stay as they are. Name, slug, tier, limits, zone, locale and currency change in its sandbox too.",
    request: { params: idParam("ten"), body: jsonBody(TenantPatch) },
    responses: {
      200: json(Tenant, "The tenant as it is now"),
      ...problems(tenantNotFound, slugTaken, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { platform, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");
    const tenant = await changing(async () => {
      const before = await platform.tenants.byId(id);
      if (!before) throw tenantNotFound({});
      const row = {
        ...before,
        name: body.name ?? before.name,
        slug: body.slug ?? before.slug,
        tier: body.tier ?? before.tier,
        ownerEmail: body.owner_email ?? before.ownerEmail,
        ownerName: body.owner_name === undefined ? before.ownerName : body.owner_name,
        timeZone: body.time_zone ?? before.timeZone,
        locale: body.locale ?? before.locale,
        currency: body.currency ?? before.currency,
        limits: body.limits === undefined ? before.limits : body.limits,
        ...changedOwned(before, body, now),
      };
      const after = presentTenant(row);
      const told = { facts: [changeFact("tenant.updated", presentTenant(before), after)], answer: [200, after] as const };
      return (await platform.tenants.update(row, told)) && after;
    }).catch(asTaken({ slug: () => slugTaken({ slug: body.slug ?? "" }) }));
    return c.json(tenant, 200);
  },
});
