import { createRoute } from "@hono/zod-openapi";
import { openTenant } from "#kernel/asking";
import { sha256Hex } from "#kernel/crypto";
import { empty, json, problems, publicEndpoint } from "#kernel/endpoint";
import { tenantNotFound } from "#kernel/not-found";
import { z } from "#kernel/wire";
import { termsToWire } from "./presenters.ts";
import { PublicPricing, SHOWN_AT_MOST } from "./schemas.ts";

const { plans: MOST_PLANS, prices: MOST_PRICES } = SHOWN_AT_MOST;

export const listPricing = publicEndpoint({
  route: createRoute({
    operationId: "pricing.list",
    method: "get",
    path: "/v1/pricing/{tenant_id}",
    security: [],
    summary: "List a tenant's public plans and prices",
    description: `For a pricing page, from any origin and without a key: the public plans in their order, each with its prices, none of them archived. At most ${MOST_PLANS} plans and ${MOST_PRICES} prices. It may be a minute old; with the ETag of the last answer in If-None-Match it answers 304 until something changed.`,
    request: {
      params: z.strictObject({
        tenant_id: z
          .string()
          .max(255)
          .openapi({ param: { name: "tenant_id", in: "path" }, example: "ten_00…" }),
      }),
    },
    responses: {
      200: json(PublicPricing, "The plans"),
      304: empty("It is as it was when the ETag was given"),
      ...problems(tenantNotFound),
    },
  }),

  handler: async (c) => {
    const opened = await openTenant(c, c.req.valid("param").tenant_id, { type: "system", id: null, ip: null });
    if (!opened) throw tenantNotFound({}, { headers: { "access-control-allow-origin": "*" } });
    const shown = await opened.repo.pricingPage.shown(SHOWN_AT_MOST);
    const pricing = {
      object: "pricing" as const,
      plans: shown.plans.map((plan) => ({
        id: plan.id,
        product_id: plan.productId,
        code: plan.code,
        name: plan.name,
        description: plan.description,
        highlights: plan.highlights,
        prices: shown.prices.filter(({ planId }) => planId === plan.id).map(({ id, terms }) => ({ id, ...termsToWire(terms) })),
      })),
    };
    const etag = `"${(await sha256Hex(JSON.stringify(pricing))).slice(0, 32)}"`;
    const headers = { etag, "cache-control": "public, max-age=60", "access-control-allow-origin": "*" };
    const known = (c.req.header("if-none-match") ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
    return known.includes(etag) ? c.body(null, 304, headers) : c.json(pricing, 200, headers);
  },
});
