import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentLicense } from "./presenters.ts";
import { License, LicenseQuery } from "./schemas.ts";

export const listLicenses = endpoint({
  route: createRoute({
    operationId: "licenses.list",
    method: "get",
    path: "/v1/licenses",
    security: scope("licenses:read"),
    summary: "List licenses",
    description: "Newest first. Filters are joined by and; the status is the one that each license has now.",
    request: { query: LicenseQuery },
    responses: { 200: json(listOf(License), "A page of licenses"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const found = await repo.licenses.list(page, {
      status: query.status,
      customerId: query.customer_id,
      productId: query.product_id,
      templateId: query.template_id,
      type: query.type,
      orderId: query.order_id,
      externalId: query.external_id,
      expiresBefore: query.expires_before,
      expiresAfter: query.expires_after,
      inGrace: query.in_grace,
      q: query.q,
    });
    return c.json(await presentPage(repo.tenantId, query, found, (license) => presentLicense(license, now)), 200);
  },
});
