import { createRoute } from "@hono/zod-openapi";
import { PaymentMethod, presentPaymentMethod } from "#kernel/billing/payment-method";
import { endpoint, json, listOf, problems, scope } from "#kernel/endpoint";
import { pageAsked, presentPage } from "#kernel/pages";
import { invalidCursor } from "#kernel/problems";
import { PaymentMethodQuery } from "./schemas.ts";

export const listPaymentMethods = endpoint({
  route: createRoute({
    operationId: "payment_methods.list",
    method: "get",
    path: "/v1/payment_methods",
    security: scope("payment_methods:read"),
    summary: "List payment methods",
    description: "Newest first, detached ones too.",
    request: { query: PaymentMethodQuery },
    responses: { 200: json(listOf(PaymentMethod), "A page of payment methods"), ...problems(invalidCursor) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const query = c.req.valid("query");
    const found = await repo.paymentMethods.list(await pageAsked(repo.tenantId, query), {
      customerId: query.customer_id,
      status: query.status,
      externalId: query.external_id,
    });
    return c.json(await presentPage(repo.tenantId, query, found, (row) => presentPaymentMethod(row)), 200);
  },
});
