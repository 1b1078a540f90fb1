import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { presentCoupon } from "./presenters.ts";
import { couponNotFound } from "./problems.ts";
import { Coupon } from "./schemas.ts";

export const archiveCoupon = endpoint({
  route: createRoute({
    operationId: "coupons.archive",
    method: "post",
    path: "/v1/coupons/{id}/archive",
    security: scope("coupons:write"),
    summary: "Archive a coupon",
    description: "Nobody redeems it any more; where it was redeemed it goes on. Its code stays its own.",
    request: { params: idParam("cpn") },
    responses: { 200: json(Coupon, "The archived coupon"), ...problems(couponNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const coupon = await changing(async () => {
      const before = await repo.coupons.byId(id);
      if (!before) throw couponNotFound({});
      if (before.archivedAt !== null) return presentCoupon(before);

      const row = { ...before, archivedAt: now, updatedAt: now };
      const after = presentCoupon(row);
      const told = { facts: [changeFact("coupon.archived", presentCoupon(before), after)], answer: [200, after] as const };
      return (await repo.coupons.update(row, told)) && after;
    });
    return c.json(coupon, 200);
  },
});
