import { createRoute } from "@hono/zod-openapi";
import type { Price } from "#db/pricing/prices";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { invalidRequest } from "#kernel/problems";
import { priceQuantity, type PricedQuantity } from "#rules/billing/pricing";
import { priceNotFound } from "./problems.ts";
import { PricePreview, PricePreviewAsk } from "./schemas.ts";

export const previewPrice = endpoint({
  idempotent: false,
  route: createRoute({
    operationId: "prices.preview",
    method: "post",
    path: "/v1/prices/{id}/preview",
    security: scope("prices:read"),
    summary: "Preview what a quantity costs",
    description: "The amount at the newest revision, and how it comes about. It writes nothing.",
    request: { params: idParam("prc"), body: jsonBody(PricePreviewAsk) },
    responses: { 200: json(PricePreview, "What it costs"), ...problems(priceNotFound) },
  }),

  handler: async (c) => {
    const price = await c.var.repo.prices.byId(c.req.valid("param").id);
    if (!price) throw priceNotFound({});
    const { quantity } = c.req.valid("json");
    const { amount, derivation } = pricedOf(price, quantity);
    return c.json(
      {
        object: "price_preview" as const,
        price_id: price.id,
        rev: price.rev,
        currency: price.currency,
        quantity,
        amount,
        derivation: {
          scheme: derivation.scheme,
          package_size: derivation.packageSize,
          tiers: derivation.tiers.map((tier) => ({
            up_to: tier.upTo,
            quantity: tier.quantity,
            unit_amount_decimal: tier.unitAmount,
            flat_amount: tier.flatAmount,
            amount_decimal: tier.amount,
          })),
        },
      },
      200,
    );
  },
});

function pricedOf(price: Price, quantity: number): PricedQuantity {
  try {
    return priceQuantity(price.terms, quantity);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const detail = "So many cost more than an amount can say.";
    throw invalidRequest({ what: detail }, { errors: [{ pointer: "/quantity", code: "too_big", detail }] });
  }
}
