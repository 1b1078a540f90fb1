import { createRoute } from "@hono/zod-openapi";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { presentCoupon } from "./presenters.ts";
import { couponCodeTaken, couponNotFound } from "./problems.ts";
import { Coupon, CouponPatch } from "./schemas.ts";

export const updateCoupon = endpoint({
  route: createRoute({
    operationId: "coupons.update",
    method: "patch",
    path: "/v1/coupons/{id}",
    security: scope("coupons:write"),
    summary: "Change a coupon",
    description:
      "Fields that are left out stay as they are. What it takes off, for how long and of what never changes: make another coupon.",
    request: { params: idParam("cpn"), body: jsonBody(CouponPatch) },
    responses: {
      200: json(Coupon, "The coupon as it is now"),
      ...problems(couponNotFound, couponCodeTaken, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");

    const coupon = await changing(async () => {
      const before = await repo.coupons.byId(id);
      if (!before) throw couponNotFound({});
      const row = {
        ...before,
        code: body.code === undefined ? before.code : body.code,
        name: body.name ?? before.name,
        maxRedemptions: body.max_redemptions === undefined ? before.maxRedemptions : body.max_redemptions,
        oncePerCustomer: body.once_per_customer ?? before.oncePerCustomer,
        redeemBy: body.redeem_by === undefined ? before.redeemBy : body.redeem_by,
        ...changedOwned(before, body, now),
      };
      const after = presentCoupon(row);
      const told = { facts: [changeFact("coupon.updated", presentCoupon(before), after)], answer: [200, after] as const };
      return (await repo.coupons.update(row, told)) && after;
    }).catch(asTaken({ code: () => couponCodeTaken({ code: body.code ?? "" }) }));
    return c.json(coupon, 200);
  },
});
