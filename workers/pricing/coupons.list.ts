import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { presentCoupon } from "./presenters.ts";
import { Coupon, CouponQuery } from "./schemas.ts";

export const listCoupons = endpoint({
  route: createRoute({
    operationId: "coupons.list",
    method: "get",
    path: "/v1/coupons",
    security: scope("coupons:read"),
    summary: "List coupons",
    description: "Newest first.",
    request: { query: CouponQuery },
    responses: { 200: json(listOf(Coupon), "A page of coupons"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const page = await pageAsked(repo.tenantId, query);
    const { code, external_id: externalId, archived } = query;
    const found = await repo.coupons.list(page, { code, externalId, archived });
    return c.json(await presentPage(repo.tenantId, query, found, presentCoupon), 200);
  },
});
