import { createRoute } from "@hono/zod-openapi";
import type { Repo } from "#db/repo";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { productNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { externalIdTaken, invalidRequest } from "#kernel/problems";
import { whyNotCoupon } from "#rules/billing/coupons";
import { presentCoupon } from "./presenters.ts";
import { couponCodeTaken, priceNotFound } from "./problems.ts";
import { Coupon, NewCoupon } from "./schemas.ts";

export const createCoupon = endpoint({
  route: createRoute({
    operationId: "coupons.create",
    method: "post",
    path: "/v1/coupons",
    security: scope("coupons:write"),
    summary: "Create a coupon",
    description: "A percentage or an amount that buyers pay less. What it takes off never changes.",
    request: { body: jsonBody(NewCoupon) },
    responses: {
      201: json(Coupon, "The coupon"),
      ...problems(productNotFound, priceNotFound, couponCodeTaken, externalIdTaken),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const body = c.req.valid("json");
    const terms = {
      percent: body.percent ?? null,
      amount: body.amount ?? null,
      currency: body.currency ?? null,
      duration: body.duration,
      durationMonths: body.duration_months ?? null,
      productIds: await productIdsOf(repo, body.product_ids ?? []),
      priceIds: await priceIdsOf(repo, body.price_ids ?? []),
    };
    const refused = whyNotCoupon(terms);
    if (refused) throw invalidRequest({ what: refused.detail }, { errors: [refused] });
    const row = {
      tenantId: repo.tenantId,
      id: newId("coupon", repo.shard, c.var.realNow),
      code: body.code ?? null,
      name: body.name,
      ...terms,
      maxRedemptions: body.max_redemptions ?? null,
      redemptions: 0,
      oncePerCustomer: body.once_per_customer ?? false,
      redeemBy: body.redeem_by ?? null,
      archivedAt: null,
      ...newOwned(body, now),
    };
    const coupon = presentCoupon(row);
    await repo.coupons
      .insert(row, { facts: [fact("coupon.created", coupon)], answer: [201, coupon] })
      .catch(asTaken({ code: () => couponCodeTaken({ code: body.code ?? "" }) }));
    return c.json(coupon, 201);
  },
});

async function productIdsOf(repo: Repo, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const ids = await repo.products.idsOf(names);
  return [...new Set(ids.map((id) => id ?? productIsNotThere()))];
}

function productIsNotThere(): never {
  throw productNotFound({});
}

async function priceIdsOf(repo: Repo, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const known = await repo.prices.known(ids);
  if (!ids.every((id) => known.has(id))) throw priceNotFound({});
  return [...new Set(ids)];
}
