import { createRoute } from "@hono/zod-openapi";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { presentCoupon } from "./presenters.ts";
import { couponNotFound } from "./problems.ts";
import { Coupon } from "./schemas.ts";

export const getCoupon = endpoint({
  route: createRoute({
    operationId: "coupons.get",
    method: "get",
    path: "/v1/coupons/{id}",
    security: scope("coupons:read"),
    summary: "Get a coupon",
    request: { params: idParam("cpn") },
    responses: { 200: json(Coupon, "The coupon"), ...problems(couponNotFound) },
  }),

  handler: async (c) => {
    const coupon = await c.var.repo.coupons.byId(c.req.valid("param").id);
    if (!coupon) throw couponNotFound({});
    return c.json(presentCoupon(coupon), 200);
  },
});
